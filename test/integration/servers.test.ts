import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "@elastic/elasticsearch";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../dev/servers/start-postgres.ts";
import { createDatabase, dropPrefix, uniquePrefix } from "../support/database.ts";
import { needs } from "../support/needs.ts";

interface Started {
  program: ChildProcess;
  databaseUrl: string;
  elasticsearchUrl: string;
}

let folder: string;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "servers-test-"));
  await chmod(folder, 0o755);
});

afterAll(async () => {
  for (const program of programs) program.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** The servers of a program of its own, all of whose temporary files are in `folder`. */
async function start(): Promise<Started> {
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: folder };
  delete env["TEST_DATABASE_URL"];
  delete env["TEST_ELASTICSEARCH_URL"];
  const program = spawn("npm", ["run", "-s", "servers"], { env, stdio: ["ignore", "pipe", "inherit"] });
  programs.push(program);
  const [line] = await Promise.race([
    once(createInterface(program.stdout), "line"),
    once(program, "exit").then(([code]) => Promise.reject(new Error(`npm run servers exited with ${code}`))),
  ]);
  return { program, ...(JSON.parse(line) as { databaseUrl: string; elasticsearchUrl: string }) };
}

async function answers({ databaseUrl, elasticsearchUrl }: Started): Promise<boolean[]> {
  return Promise.all([
    succeeds(query(databaseUrl, "SELECT 1")),
    succeeds(fetch(`${elasticsearchUrl}/_cluster/health`)),
  ]);
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  const result = await database.query(statement);
  await database.end();
  return result.rows;
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

function descendants(root: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const processes = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const family = new Set([root]);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const [pid, parent] of processes) if (family.has(parent!)) family.add(pid!);
  }
  return [...family];
}

/** Which of them run. One that ended and waits for its parent to notice does not. */
function running(pids: number[]): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,stat="], { encoding: "utf8" }).trim().split("\n");
  const alive = rows.map((row) => row.trim().split(/\s+/)).filter(([, state]) => !state?.startsWith("Z"));
  const all = new Set(alive.map(([pid]) => Number(pid)));
  return pids.filter((pid) => all.has(pid));
}

/** Of both servers of each program. */
async function serverFolders(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^log-archive-(postgres|elasticsearch|unpack)-/.test(name));
}

test("two side by side; each ends without a trace, the one that is asked to and the one that is killed", async () => {
  const [asked, killed] = await Promise.all([start(), start()]);
  expect(await answers(asked)).toEqual([true, true]);
  expect(await answers(killed)).toEqual([true, true]);
  expect(asked.databaseUrl).not.toBe(killed.databaseUrl);
  expect(asked.elasticsearchUrl).not.toBe(killed.elasticsearchUrl);
  expect(await serverFolders()).toHaveLength(4);

  const askedProcesses = descendants(asked.program.pid!);
  asked.program.kill("SIGTERM");
  await once(asked.program, "exit");
  expect(running(askedProcesses)).toEqual([]);
  expect(await answers(asked)).toEqual([false, false]);
  expect(await answers(killed)).toEqual([true, true]);

  const killedProcesses = descendants(killed.program.pid!);
  expect(killedProcesses.length).toBeGreaterThan(1);
  killed.program.kill("SIGKILL");
  await expect.poll(() => running(killedProcesses), { timeout: 30_000 }).toEqual([]);
  expect(await answers(killed)).toEqual([false, false]);
  expect(await serverFolders()).toEqual([]);
});

test("a crashed PostgreSQL starts again with its data at the same address", async () => {
  const server = await startPostgres({ flags: ["-c", "wal_level=logical"] });
  onTestFinished(() => server.stop());
  expect(await query(server.url, "SHOW wal_level")).toEqual([{ wal_level: "logical" }]);
  await query(server.url, "CREATE TABLE kept AS SELECT 1 AS id");
  const crashed = server.pid;
  server.kill("SIGKILL");
  await expect.poll(() => succeeds(query(server.url, "SELECT 1"))).toBe(false);
  await server.restart();
  expect(server.pid).not.toBe(crashed);
  expect(await query(server.url, "SELECT id FROM kept")).toEqual([{ id: 1 }]);
});

test("a database and the names of a prefix come and go", async () => {
  const { url, drop } = await createDatabase();
  const database = new pg.Client({ connectionString: url });
  database.on("error", () => {}); // dropping it ends this connection
  await database.connect();
  await drop();
  await expect(new pg.Client({ connectionString: url }).connect()).rejects.toMatchObject({ code: "3D000" });

  const elasticsearchUrl = await needs("elasticsearch");
  const client = new Client({ node: elasticsearchUrl });
  const [mine, other] = [uniquePrefix(), uniquePrefix()];
  for (const prefix of [mine, other]) {
    await client.indices.create({ index: `${prefix}-a` });
    await client.indices.putIndexTemplate({ name: `${prefix}-template`, index_patterns: [`${prefix}-a*`] });
  }
  await dropPrefix(elasticsearchUrl, mine);
  expect(await client.indices.exists({ index: `${mine}-a` })).toBe(false);
  expect(await client.indices.existsIndexTemplate({ name: `${mine}-template` })).toBe(false);
  expect(await client.indices.exists({ index: `${other}-a` })).toBe(true);
  expect(await client.indices.existsIndexTemplate({ name: `${other}-template` })).toBe(true);
  await dropPrefix(elasticsearchUrl, other);
  await client.close();
});

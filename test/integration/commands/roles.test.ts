import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningServer } from "../../../dev/servers/running-server.ts";
import { startElasticsearch } from "../../../dev/servers/start-elasticsearch.ts";
import { type AppEnd, runApp, startApp } from "../../support/app-process.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

/**
 * Point 13 of the mends: each command runs with the roles of docs/roles.md, read from there, and says all at once what
 * lesser ones lack.
 */
const page = readFileSync(new URL("../../../docs/roles.md", import.meta.url), "utf8");

/** The code blocks below a heading, which may be there for each store. */
function blocks(heading: string, language: "sql" | "json"): string[] {
  const sections = page.split(/^#+ /m).filter((text) => text.startsWith(`${heading}\n`));
  const found = sections.flatMap((text) => [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))]);
  if (found.length === 0) throw new Error(`docs/roles.md has no ${language} below ${heading}`);
  return found.map(([, text]) => text!);
}

/** Users of Elasticsearch, by the heading whose role they have. */
const users = Object.fromEntries(
  [
    "migrate, errors retry, rollout, applications that write",
    "apply-dirty, migrate --follow, validate --repair and --delete-extra",
    "validate, restore",
    "cleanup-pg",
    "retention sweep",
    "seal",
    "search, applications that only read",
  ].map((heading, at) => [heading, `user_${at}`]),
);
const bareUser = "user_without_privileges";

const root = { name: "root", password: "root-password" };
let server: RunningServer;
let archive: TestArchive;
let tenantId: string;
const made: string[] = [];

beforeAll(async () => {
  const roles = Object.entries(users).map(
    ([heading, user]) => [user, JSON.parse(blocks(heading, "json")[0]!)] as const,
  );
  server = await startElasticsearch({
    user: root,
    roles: { ...Object.fromEntries(roles), [bareUser]: { cluster: [], indices: [] } },
    heap: "512m",
  });
  archive = await createTestArchive({ tenants: 1 });
  archive.elasticsearchUrl = server.url;
  archive.prefix = "dify";
  tenantId = randomUUID();
  for (let at = 0; at < 3; at++) await insertRun(archive.sql, { tenantId, nodes: 2 });
  await asRoot("PUT", "_snapshot/repository", { type: "fs", settings: { location: "roles" } });
}, 600_000);
afterAll(async () => {
  for (const role of made.toReversed()) {
    await archive.sql.query(`REASSIGN OWNED BY "${role}" TO CURRENT_USER; DROP OWNED BY "${role}"`);
    await archive.sql.query(`DROP ROLE "${role}"`);
  }
  archive.elasticsearchUrl = server.url.replace("://", `://${root.name}:${root.password}@`);
  await archive.drop().catch(() => {});
  await server.stop();
});

async function asRoot(method: string, path: string, body?: unknown): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`${root.name}:${root.password}`).toString("base64")}`;
  const response = await fetch(`${server.url}/${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
  return JSON.parse(text);
}

/** A role of the database. */
interface Role {
  readonly name: string;
  readonly databaseUrl: string;
}

let number = 0;

function roleOf(name: string): Role {
  made.push(name);
  const url = new URL(archive.databaseUrl);
  [url.username, url.password] = [name, "change-me"];
  return { name, databaseUrl: url.href };
}

/** Nothing was archived yet. */
async function asNew(): Promise<void> {
  await archive.sql.query("DROP SCHEMA IF EXISTS log_archive CASCADE; DROP SCHEMA IF EXISTS log_archive_jobs CASCADE");
  await asRoot("DELETE", "_component_template/dify-archive-*").catch(() => {}); // 404 where there is none
  for (const index of Object.keys((await asRoot("GET", "dify-workflow-*")) as object)) await asRoot("DELETE", index);
}

/** Made by the page's statements below these headings. */
async function documented(headings: readonly string[]): Promise<Role> {
  const role = roleOf(`archive_${process.pid}_${++number}`);
  await asNew();
  for (const text of headings.flatMap((heading) => blocks(heading, "sql")))
    await archive.sql.query(text.replaceAll(/\barchive\b/g, `"${role.name}"`));
  return role;
}

function run({ databaseUrl }: Role, heading: string, args: readonly string[]): Promise<AppEnd> {
  const env = { ELASTICSEARCH_USERNAME: users[heading] ?? heading, ELASTICSEARCH_PASSWORD: root.password };
  return runApp({ ...archive, databaseUrl }, ["elasticsearch", ...args], env);
}

async function expectDone(role: Role, heading: string, args: readonly string[]): Promise<AppEnd> {
  const end = await run(role, heading, args);
  expect(end.code, `${args.join(" ")}: ${end.stdout}${end.stderr}`).toBe(0);
  return end;
}

const everyCommand = "Every command";
const writing = "migrate, errors retry, rollout, applications that write";
const applying = "apply-dirty, migrate --follow, validate --repair and --delete-extra";
const reading = "validate, restore";
const searching = "search, applications that only read";

test("each command runs with its roles, one after the other as an operator would", async () => {
  const role = await documented([everyCommand, "cleanup-pg", "restore"]);
  await expectDone(role, writing, ["preflight"]);
  await expectDone(role, writing, ["migrate"]);
  await expectDone(role, writing, ["status"]);
  await expectDone(role, writing, ["errors", "list"]);
  await archive.sql.query("UPDATE workflow_runs SET error = 'again'");
  await expectDone(role, applying, ["validate", "--full", "--repair"]);

  await expectDone(role, applying, ["preflight", "--for", "apply-dirty"]);
  await expectDone(role, applying, ["apply-dirty"]);

  await expectDone(role, reading, ["preflight", "--for", "validate"]);
  await expectDone(role, reading, ["validate", "--full"]);

  const cleanup = ["cleanup-pg", "--tenant-id", tenantId, "--before-date", "2026-01-01"];
  await expectDone(role, "cleanup-pg", ["preflight", "--for", "cleanup-pg"]);
  const single = await run(role, "cleanup-pg", [...cleanup, "--dry-run", "--json"]);
  expect(single.code, single.stderr).toBe(3);
  expect(single.stdout).toMatch(/"unreplicated":/);
  // a snapshot has to be younger than the last write by a minute: our own record of that is set back
  await archive.sql.query(
    "UPDATE log_archive.runs SET finished_at = finished_at - interval '5 minutes', heartbeat_at = heartbeat_at - interval '5 minutes'",
  );
  await asRoot("PUT", "_snapshot/repository/one?wait_for_completion=true", { indices: "dify-workflow-*" });
  await expectDone(role, "cleanup-pg", [...cleanup, "--yes"]);
  expect((await archive.sql.query("SELECT FROM workflow_runs")).rowCount).toBe(0);

  await expectDone(role, reading, ["preflight", "--for", "restore"]);
  await expectDone(role, reading, ["restore", "--tenant-id", tenantId]);
  expect((await archive.sql.query("SELECT FROM workflow_runs")).rowCount).toBe(3);

  await expectDone(role, searching, ["preflight", "--for", "search"]);
  await expectDone(role, searching, ["search", "--tenant-id", tenantId, "answer"]);

  await expectDone(role, "seal", ["preflight", "--for", "seal"]);
  await expectDone(role, reading, ["validate", "--full"]);
  const sealed = await expectDone(role, "seal", ["seal", "--json"]);
  expect(JSON.parse(sealed.stdout)).toMatchObject({ totals: { sealed: 3 } });

  await expectDone(role, "retention sweep", ["preflight", "--for", "retention-sweep"]);
  const sweep = ["retention", "sweep", "--retention-days", "30", "--snapshot-repository", "repository", "--yes"];
  await expectDone(role, "retention sweep", sweep);
  expect(await asRoot("GET", "dify-workflow-*")).toEqual({});
}, 600_000);

test("a schedule is made, worked by app worker and taken away with the roles of a sweep", async () => {
  const role = await documented([everyCommand]);
  await expectDone(role, writing, ["migrate"]);
  const schedule = ["retention", "schedule", "--cron", "* * * * * *", "--retention-days", "30", "--yes"];
  await expectDone(role, "retention sweep", ["preflight", "--for", "retention-schedule"]);
  await expectDone(role, "retention sweep", schedule);
  await expectDone(role, "retention sweep", ["preflight", "--for", "worker"]);
  const env = { ELASTICSEARCH_USERNAME: users["retention sweep"], ELASTICSEARCH_PASSWORD: root.password };
  const worker = startApp({ ...archive, databaseUrl: role.databaseUrl }, ["worker"], env);
  try {
    await expect.poll(() => asRoot("GET", "dify-workflow-*"), { timeout: 60_000, interval: 200 }).toEqual({});
  } finally {
    worker.child.kill("SIGTERM");
  }
  const end = await worker.end;
  expect(end.stderr).not.toMatch(/denied|defect/);
  await expectDone(role, "retention sweep", ["retention", "unschedule"]);
}, 300_000);

test("jobs of another role are named by preflight, with what gives them away", async () => {
  const role = await documented([everyCommand]);
  await expectDone(role, writing, ["migrate"]);
  await archive.sql.query("ALTER SCHEMA log_archive_jobs OWNER TO CURRENT_USER");
  for (const command of ["retention-schedule", "worker"]) {
    const { code, stdout } = await run(role, "retention sweep", ["preflight", "--for", command]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/log_archive_jobs or its tables are another role's[^]*GRANT .* TO/);
  }
  await expectDone(role, "retention sweep", ["preflight", "--for", "retention-sweep"]);
});

describe("capture by the owner of the tables", () => {
  /** A role that owns the log tables, and may make schemas as the platform's usually may. */
  async function owner(): Promise<Role> {
    const role = roleOf(`dify_${process.pid}_${++number}`);
    const database = new URL(archive.databaseUrl).pathname.slice(1);
    await archive.sql.query(
      `CREATE ROLE "${role.name}" LOGIN PASSWORD 'change-me'; GRANT CREATE ON DATABASE "${database}" TO "${role.name}"`,
    );
    for (const table of ["runs", "app_logs", "node_executions", "node_execution_offload"])
      await archive.sql.query(`ALTER TABLE workflow_${table} OWNER TO "${role.name}"`);
    return role;
  }
  const given = async (block: number, role: Role, dify: Role): Promise<void> => {
    const statements = blocks("capture", "sql")[block]!;
    await archive.sql.query(
      statements.replaceAll(/\barchive\b/g, `"${role.name}"`).replaceAll(/\bdify\b/g, `"${dify.name}"`),
    );
  };
  const writeAs = async ({ databaseUrl }: Role, statement: string): Promise<void> => {
    const sql = new Client({ connectionString: databaseUrl });
    await sql.connect();
    try {
      await sql.query(statement);
    } finally {
      await sql.end();
    }
  };

  test.each(["archive first", "owner first"])(
    "works with the documented GRANT: %s",
    async (order) => {
      const dify = await owner();
      const role = await documented([everyCommand]);
      await given(0, role, dify);
      const steps = [
        () => expectDone(role, writing, ["migrate"]),
        () => expectDone(dify, writing, ["capture", "install"]),
      ];
      for (const step of order === "archive first" ? steps : steps.toReversed()) await step();
      await writeAs(dify, "UPDATE workflow_runs SET error = 'captured'");
      const { stdout } = await expectDone(role, writing, ["capture", "status", "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({ installed: true, gaps: 0 });
      expect((await archive.sql.query("SELECT FROM log_archive.dirty_rows")).rowCount).toBe(3);
      await expectDone(role, writing, ["migrate"]);
      expect((await archive.sql.query("SELECT FROM log_archive.dirty_rows")).rowCount).toBe(0);
      await expectDone(dify, writing, ["capture", "uninstall", "--yes"]);
    },
    600_000,
  );

  test("without it each says the statements that mend it, also where the owner made the schema", async () => {
    const dify = await owner();
    const role = await documented([everyCommand]);
    await expectDone(role, writing, ["migrate"]);
    const refused = await run(dify, writing, ["capture", "install"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`GRANT "${role.name}" TO "${dify.name}";`);

    await asNew();
    await expectDone(dify, writing, ["capture", "install"]);
    for (const command of ["preflight", "migrate"]) {
      const { code, stdout, stderr } = await run(role, writing, [command]);
      expect(code, stdout + stderr).toBe(command === "preflight" ? 3 : 1);
      const statements = `GRANT "${role.name}" TO "${dify.name}"; ALTER SCHEMA log_archive OWNER TO "${role.name}";`;
      expect(stdout + stderr).toContain(statements);
    }
    await given(1, role, dify);
    const end = await runApp({ ...archive, databaseUrl: dify.databaseUrl }, ["db", "upgrade"]);
    expect(end.code, end.stderr).toBe(0);
    await expectDone(role, writing, ["migrate"]);
    await writeAs(dify, "UPDATE workflow_runs SET error = 'captured again'");
    await expectDone(role, writing, ["migrate"]);
    await expectDone(dify, writing, ["capture", "uninstall", "--yes"]);
  }, 600_000);
});

const sweeps = ["retention-sweep", "retention-schedule", "worker"];

test.each(["migrate", "apply-dirty", "validate", "cleanup-pg", "restore", ...sweeps, "seal", "search"])(
  "preflight --for %s lists all that roles without any privilege lack, at once",
  async (command) => {
    const role = roleOf(`bare_${process.pid}_${++number}`);
    await asNew();
    await archive.sql.query(`CREATE ROLE "${role.name}" LOGIN PASSWORD 'change-me'`);
    const { code, stdout } = await run(role, bareUser, ["preflight", "--for", command]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/index dify-workflow-runs-\*: read/);
    expect(
      stdout.includes("lacks SELECT on public.workflow_runs") ||
        stdout.includes('lacks SELECT on "public"."workflow_runs"'),
    ).toBe(command !== "search");
    expect(stdout.includes("lacks DELETE on")).toBe(command === "cleanup-pg");
    expect(stdout.includes("lacks INSERT on")).toBe(command === "restore");
    expect(stdout.includes('"messages"')).toBe(command === "cleanup-pg");
    expect(stdout.includes("manage_index_templates")).toBe(["migrate", "apply-dirty"].includes(command));
    expect(stdout.includes("delete_index")).toBe(sweeps.includes(command));
    expect(stdout.includes("create_snapshot")).toBe(sweeps.includes(command));
    expect(stdout.includes("CREATE SCHEMA log_archive_jobs")).toBe(["retention-schedule", "worker"].includes(command));
    expect(stdout.includes("monitor_snapshot")).toBe(command === "cleanup-pg");
  },
  120_000,
);

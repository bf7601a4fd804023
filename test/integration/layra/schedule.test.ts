import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startApp, type AppProcess } from "../../support/app-process.ts";
import { createDatabase } from "../../support/database.ts";
import { runStores, type TestStores, testStores } from "../../support/layra.ts";
import { until } from "../../support/scheduled-sweeps.ts";

// L35: backups by app worker, where there is a PostgreSQL.

let given: TestStores;
let database: Awaited<ReturnType<typeof createDatabase>>;
let env: Record<string, string>;
let workers: AppProcess[] = [];
beforeAll(async () => {
  [given, database] = await Promise.all([testStores(), createDatabase()]);
  env = { ...given.env, DATABASE_URL: database.url };
  const redis = await given.stores.redisBytes(0);
  for (let key = 0; key < 20; key++) await redis.send("SET", `key ${key}`, "value");
});
afterAll(async () => {
  for (const { child } of workers) child.kill("SIGKILL");
  await Promise.all(workers.map(({ end }) => end));
  await database?.drop();
  await given?.close();
});

function startWorker(more: Record<string, string> = {}): AppProcess {
  const stores = { databaseUrl: database.url, elasticsearchUrl: "", prefix: "" };
  const without = { ELASTICSEARCH_HOSTS: "", ELASTICSEARCH_INDEX_PREFIX: "" };
  const worker = startApp(stores, ["worker"], { ...env, ...without, ...more });
  workers = [...workers, worker];
  return worker;
}

interface Shown {
  schedule: {
    cron: string;
    next: string[];
    last: { state: string; output: Record<string, unknown> | null } | null;
  } | null;
}

async function shown(): Promise<Shown["schedule"]> {
  return ((await runStores(env, "schedule")).json as unknown as Shown).schedule;
}

const to = (): string => join(given.folder, "scheduled");
const everyTwoSeconds = "*/2 * * * * *";
const endOf = async (what: string, hasEnded: (end: NonNullable<NonNullable<Shown["schedule"]>["last"]>) => boolean) =>
  until(what, async () => {
    const last = (await shown())?.last;
    return last !== undefined && last !== null && hasEnded(last) ? last : undefined;
  });

test("what is no schedule is refused, and nothing is scheduled", async () => {
  expect((await runStores(env, "schedule", "--cron", "0 3 * * *")).code).toBe(2);
  expect((await runStores(env, "schedule", "--cron", "every day", "--to", to())).json).toMatchObject({
    error: { code: "invalid_cron" },
  });
  expect((await runStores(env, "schedule", "--cron", "0 3 * * *", "--to", to(), "--keep", "1y")).code).toBe(2);
  expect(await shown()).toBeNull();
  expect((await runStores(env, "schedule", "--remove")).json).toMatchObject({ removed: null });
});

test("workers without Elasticsearch back up when it is time, each time one of them; the schedule says how it went", async () => {
  const flags = ["--cron", everyTwoSeconds, "--to", to(), "--only", "redis", "--keep", "1d"];
  const scheduled = await runStores(env, "schedule", ...flags);
  expect(scheduled).toMatchObject({ code: 0, json: { schedule: { cron: everyTwoSeconds, to: to(), keep: "1d" } } });
  const [first, second] = [startWorker(), startWorker()];
  const { output } = await endOf("two backups", ({ state, output: is }) => {
    return state === "completed" && (is?.["forgotten"] as string[] | undefined)?.length === 1;
  });
  expect(output).toMatchObject({ status: "completed", records: 20, dangling: 0 });
  expect((await runStores(env, "schedule", "--remove")).json).toMatchObject({ removed: { cron: everyTwoSeconds } });
  expect(await shown()).toBeNull();
  for (const { child } of [first, second]) child.kill("SIGTERM");
  const ends = await Promise.all([first.end, second.end]);
  expect(ends.map(({ code }) => code)).toEqual([143, 143]);
  for (const { stderr } of ends) expect(stderr).not.toMatch(/another run is at work|failed/i);
  expect((await runStores(env, "backup", "verify", "--from", to())).json).toMatchObject({ status: "ok", records: 20 });
});

test("a backup that fails says why in the schedule, without any password, and deletes no older one", async () => {
  const before = await readdir(to());
  const flags = ["--cron", everyTwoSeconds, "--to", to(), "--only", "redis", "--keep", "1d"];
  await runStores(env, "schedule", ...flags);
  const worker = startWorker({ REDIS_URL: "redis://:geheim@127.0.0.1:9" });
  const { output } = await endOf("a failure", ({ output: is }) => is !== null && "code" in is);
  expect(output).toMatchObject({ code: "redis_unreachable", hint: expect.any(String) as string });
  await runStores(env, "schedule", "--remove");
  worker.child.kill("SIGTERM");
  const { stderr } = await worker.end;
  expect(stderr).toContain("it will be tried again");
  expect(JSON.stringify(output) + stderr).not.toContain("geheim");
  expect(await readdir(to())).toEqual(expect.arrayContaining(before));
});

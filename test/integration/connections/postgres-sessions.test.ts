import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startPgbouncer } from "../../../dev/servers/start-pgbouncer.ts";
import { describePostgresError } from "../../../src/stores/postgres/errors.ts";
import { AdvisoryLocks } from "../../../src/stores/postgres/advisory-locks.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { runAppHere } from "../../support/app-here.ts";
import type { Stores } from "../../support/compare-stores.ts";
import { dropPrefix, uniquePrefix } from "../../support/database.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
});

afterAll(() => archive?.drop());

async function pooler(poolMode: "session" | "transaction" | "statement", settings: string[] = []): Promise<string> {
  const { url, stop } = await startPgbouncer(archive.databaseUrl, { poolMode, settings });
  onTestFinished(stop);
  return url;
}

async function one<T>(url: string, statement: string): Promise<T> {
  const pool = createPool(url, 2);
  try {
    return (await pool.query(statement)).rows[0] as T;
  } finally {
    await pool.end();
  }
}

test.each([
  ["transaction", []],
  ["transaction", ["default_pool_size=1"]],
  ["transaction", ["server_round_robin=1", "min_pool_size=4"]],
  ["statement", []],
] as const)("%s pooling with %j is refused before anything is set in a session of others", async (mode, settings) => {
  const url = await pooler(mode, [...settings]);
  const end = await runAppHere({ ...archive, databaseUrl: url }, ["elasticsearch", "migrate"]);
  expect(end).toMatchObject({ code: 1, stdout: "" });
  expect(end.stderr).toMatch(/transaction pooling[^]*session pooling/);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    `select current_setting('lock_timeout') as locks, current_setting('extra_float_digits') as digits,
       (select count(*)::int from pg_locks where locktype = 'advisory'
          and database = (select oid from pg_database where datname = current_database())) as held`,
  );
  await client.end();
  expect(rows[0]).toEqual({ locks: "0", digits: "1", held: 0 });
});

test("a pooler that resets nothing gives our settings to nobody else", async () => {
  const url = await pooler("session", ["server_reset_query=", "default_pool_size=1"]);
  expect(await one(url, "select current_setting('lock_timeout') as locks")).toEqual({ locks: "5s" });
  const end = await runAppHere({ ...archive, databaseUrl: await pooler("session", ["server_reset_query="]) }, [
    "elasticsearch",
    "migrate",
  ]);
  expect(end.code, end.stderr).toBe(0);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    `select current_setting('lock_timeout') as locks, current_setting('extra_float_digits') as digits,
       current_setting('row_security') as security, current_setting('statement_timeout') as statements`,
  );
  await client.end();
  expect(rows[0]).toEqual({ locks: "0", digits: "1", security: "on", statements: "0" });
});

const leftBehind = {
  "a temporary table": "create temporary table workflow_runs as table public.workflow_runs with no data",
  "a search path":
    "create schema if not exists leftover; create table if not exists leftover.workflow_runs (like public.workflow_runs); set search_path = leftover, public",
  "switched off triggers": "set session_replication_role = replica",
  "a role": "set role pg_read_all_data",
  "a planner without indexes": "set enable_indexscan = off",
};

test.each(Object.entries(leftBehind))(
  "%s that somebody left in a session which a pooler hands on is not met by us",
  async (_what, statement) => {
    const url = await pooler("session", ["server_reset_query=", "default_pool_size=3", "server_round_robin=1"]);
    const others = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        return client;
      }),
    );
    for (const client of others) await client.query(statement);
    await Promise.all(others.map((client) => client.end()));
    const seen = await one(
      url,
      `select to_regclass('workflow_runs')::oid = to_regclass('public.workflow_runs')::oid as "isOwnTable",
         current_setting('session_replication_role') as triggers, current_user = session_user as "isOwnRole",
         current_setting('enable_indexscan') as indexes, current_setting('lock_timeout') as ours`,
    );
    expect(seen).toEqual({ isOwnTable: true, triggers: "origin", isOwnRole: true, indexes: "on", ours: "5s" });
    await archive.sql.query("drop schema if exists leftover cascade");
  },
);

test("with session pooling locks are those of one run, and end with it", async () => {
  const url = await pooler("session");
  const first = createPool(url, 3);
  const second = createPool(url, 3);
  const locks = await AdvisoryLocks.open(first);
  const others = await AdvisoryLocks.open(second);
  expect(await locks.tryLock("a")).toBe(true);
  expect(await others.tryLock("a")).toBe(false);
  locks.close();
  await expect.poll(() => others.tryLock("a"), { timeout: 10_000 }).toBe(true);
  others.close();
  await Promise.all([first.end(), second.end()]);
  expect((await migrateOnce({ ...archive, databaseUrl: url }, { restart: true })).status).toBe("completed");
});

/** The database without an archive, and indices of another one's prefix. */
async function startOver(): Promise<Stores> {
  await archive.sql.query("drop schema if exists log_archive cascade");
  const prefix = uniquePrefix();
  onTestFinished(() => dropPrefix(archive.elasticsearchUrl, prefix));
  return { ...archive, prefix };
}

/** A role with these settings that may do what a copy needs; its URL. */
async function roleWith(settings: readonly string[], limit = -1): Promise<string> {
  const name = `test_role_${Math.random().toString(36).slice(2)}`;
  const { sql } = archive;
  await sql.query(`create role ${name} login password 'pw' connection limit ${limit}`);
  await sql.query(`grant create on database ${new URL(archive.databaseUrl).pathname.slice(1)} to ${name}`);
  await sql.query(`grant select on all tables in schema public to ${name}`);
  for (const setting of settings) await sql.query(`alter role ${name} set ${setting}`);
  onTestFinished(async () => {
    await sql.query(`drop owned by ${name} cascade`);
    await sql.query(`drop role ${name}`);
  });
  const url = new URL(archive.databaseUrl);
  url.username = name;
  url.password = "pw";
  return url.href;
}

test("time-outs, isolation levels and forms of values of a role do not reach our sessions", async () => {
  const fresh = await startOver();
  const url = await roleWith([
    "idle_session_timeout = '500ms'",
    "statement_timeout = '20ms'",
    "idle_in_transaction_session_timeout = '20ms'",
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'sql_standard'",
    "timezone = 'Asia/Tokyo'",
    "bytea_output = 'escape'",
    "standard_conforming_strings = off",
    "extra_float_digits = -10",
  ]);
  const report = await migrateOnce(
    { ...fresh, databaseUrl: url },
    { restart: true, recordsPerSecond: 60, batchRows: 20 },
  );
  expect(report.status).toBe("completed");
  expect(report.seconds).toBeGreaterThan(0.6); // longer than the connection of the locks may be idle
  const settings =
    "select current_setting('transaction_isolation') as isolation, current_setting('tcp_keepalives_idle') as idle";
  expect(await one(url, settings)).toMatchObject({ isolation: "read committed" });
});

test("too few connections are named before anything is written, and do not fail half-way", async () => {
  const fresh = await startOver();
  const end = await runAppHere({ ...fresh, databaseUrl: await roleWith([], 4) }, ["elasticsearch", "migrate"]);
  expect(end.code).toBe(1);
  expect(end.stderr).toMatch(/4 connections[^]*CONNECTION LIMIT/);
  const enough = await roleWith([], 6);
  expect((await migrateOnce({ ...fresh, databaseUrl: enough }, { restart: true })).status).toBe("completed");
});

test.each(["default_transaction_read_only = on"])("a role with %s is named, with the setting", async (setting) => {
  const fresh = await startOver();
  const end = await runAppHere({ ...fresh, databaseUrl: await roleWith([setting]) }, ["elasticsearch", "migrate"]);
  expect(end.code).toBe(1);
  expect(end.stderr).toContain("default_transaction_read_only");
});

test("a login that fails is not tried with less security", async () => {
  const url = new URL(archive.databaseUrl);
  url.password = "wrong";
  const error = await one(url.href, "select 1").catch((cause: unknown) => describePostgresError(cause));
  expect(error).toMatchObject({ code: "database_login" });
});

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { installOnce, statusOnce, takeDirty, uninstallOnce } from "../../support/capture.ts";
import { insertNode, insertRun } from "../../support/insert-run.ts";
import { createRole, sessions, type Sessions } from "../../support/sessions.ts";
import { countRows, createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const tenant = randomUUID();
const [runs, logs, nodes, offloads] = [
  "workflow_runs",
  "workflow_app_logs",
  "workflow_node_executions",
  "workflow_node_execution_offload",
];
const all = [runs, logs, nodes, offloads];
let archive: TestArchive;
let platform: Sessions;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 0, tenants: 1 });
});
beforeEach(() => void (platform = sessions(archive.databaseUrl, "dify-api")));
afterEach(async () => {
  await platform.close();
  await uninstallOnce(archive);
});
afterAll(() => archive.drop());

async function ourTriggers(sql = archive.sql): Promise<number> {
  return countRows(sql, "(SELECT FROM pg_trigger WHERE NOT tgisinternal) t");
}

describe("a transaction that has written and not ended", () => {
  test("makes install wait and then fail with its name, blocks no other writer meanwhile, and loses nothing", async () => {
    const holder = await platform.open();
    await holder.query("BEGIN");
    const early = await insertNode(holder, { tenantId: tenant, runId: null });

    const other = await platform.open();
    const end = new AbortController();
    const slowest = (async () => {
      let longest = 0;
      for (; !end.signal.aborted; await sleep(20)) {
        const start = performance.now();
        await insertNode(other, { tenantId: tenant, runId: null });
        longest = Math.max(longest, performance.now() - start);
      }
      return longest;
    })();
    const notes: string[] = [];
    try {
      await expect(
        installOnce(archive, { giveUpAfterMillis: 3500, note: (text) => void notes.push(text) }),
      ).rejects.toMatchObject({
        code: "table_busy",
        message: expect.stringMatching(
          /^workflow_node_executions .* held by process \d+ \(dify-api, idle in transaction, in a transaction for \d+s\): INSERT INTO/,
        ),
        hint: expect.stringContaining("run the same command again"),
      });
    } finally {
      end.abort();
    }
    expect(notes).toEqual([expect.stringContaining("dify-api")]);
    // 1.2s and what a busy machine adds; a queue behind the holder would have lasted for ever
    expect(await slowest).toBeLessThan(5000);
    expect(await statusOnce(archive)).toMatchObject({ installed: false, installedAt: null });

    await holder.query("COMMIT");
    expect(await installOnce(archive)).toMatchObject({ added: [nodes, offloads], present: [runs, logs] });
    expect((await takeDirty(archive.sql)).map(({ id }) => id)).not.toContain(early); // there before anything is listed
  });

  test("is waited for when it ends in time", async () => {
    const holder = await platform.open("BEGIN; UPDATE workflow_runs SET status = 'x' WHERE false");
    const installed = installOnce(archive);
    await sleep(1500);
    await holder.query("COMMIT");
    expect((await installed).added).toEqual(all);
  });
});

test.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])(
  "what a transaction that began before install at %s writes after it is recorded when it commits",
  async (isolation) => {
    const client = await platform.open(`BEGIN ISOLATION LEVEL ${isolation}`);
    await client.query({ name: "planned", text: `SELECT count(*) FROM ${nodes}` });
    await installOnce(archive);
    const id = await insertNode(client, { tenantId: tenant, runId: null, createdAt: "2025-01-01 00:00:00" });
    await sleep(100);
    expect(await takeDirty(archive.sql)).toEqual([]);
    await client.query("COMMIT");
    expect((await takeDirty(archive.sql)).map((entry) => entry.id)).toEqual([id]);
  },
);

test("a statement that was prepared before install is recorded after it", async () => {
  const client = await platform.open();
  const prepared = {
    name: "insert",
    text: `INSERT INTO ${logs} SELECT (jsonb_populate_record(l, $1)).* FROM (SELECT NULL::${logs}) x(l)`,
  };
  const values = {
    app_id: tenant,
    workflow_id: tenant,
    workflow_run_id: tenant,
    created_from: "x",
    created_by_role: "x",
  };
  const insert = async (): Promise<string> => {
    const id = randomUUID();
    const row = { ...values, id, tenant_id: tenant, created_by: tenant, created_at: "2025-01-01" };
    await client.query({ ...prepared, values: [JSON.stringify(row)] });
    return id;
  };
  for (let at = 0; at < 6; at++) await insert(); // from the sixth on the server keeps its plan
  await installOnce(archive);
  const id = await insert();
  expect((await takeDirty(archive.sql)).map((entry) => entry.id)).toEqual([id]);
});

test("install again changes nothing, but for a function of another version, which it replaces without a lock", async () => {
  const { installedAt } = await installOnce(archive);
  expect(await installOnce(archive)).toEqual({ installedAt, added: [], present: all });
  const { sql } = archive;
  await sql.query(
    `CREATE OR REPLACE FUNCTION log_archive.capture_${runs}() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end'`,
  );
  expect((await statusOnce(archive)).tables).toContainEqual({ name: runs, state: "outdated" });
  const writer = await platform.open("BEGIN; DELETE FROM workflow_runs WHERE false");
  expect(await installOnce(archive, { giveUpAfterMillis: 0 })).toMatchObject({ added: [] });
  await writer.query("COMMIT");
  await insertRun(sql, { tenantId: tenant, nodes: 0 });
  expect((await takeDirty(sql)).map(({ type }) => type)).toEqual(["workflow_runs", "app_logs"]);
  expect(await statusOnce(archive)).toMatchObject({ gaps: 0, installed: true });
});

test.each([
  [
    "made anew by the platform",
    `CREATE TABLE t (LIKE ${logs} INCLUDING ALL); DROP TABLE ${logs}; ALTER TABLE t RENAME TO ${logs}`,
  ],
  ["without one of the triggers", `DROP TRIGGER log_archive_update ON ${logs}`],
  ["with its triggers switched off", `ALTER TABLE ${logs} DISABLE TRIGGER USER`],
])("a table %s shows as missing, and capturing it again is a gap", async (_, breakIt) => {
  const before = await installOnce(archive);
  await archive.sql.query(breakIt);
  expect(await statusOnce(archive)).toMatchObject({
    installed: false,
    tables: all.map((name) => ({ name, state: name === logs ? "missing" : "captured" })),
  });
  const text = await runAppHere(archive, ["elasticsearch", "capture", "status"]);
  expect(text.stdout).toMatch(/^Capture: not whole, missing on workflow_app_logs/);

  const again = await installOnce(archive);
  expect(again).toMatchObject({ added: [logs], present: [runs, nodes, offloads] });
  expect(again.installedAt > before.installedAt).toBe(true);
  expect(await statusOnce(archive)).toMatchObject({ installed: true, gaps: 1 });
  await insertRun(archive.sql, { tenantId: tenant });
  expect(await takeDirty(archive.sql)).toHaveLength(3);
});

test("stopped while it waits it ends at once; two at a time are one", async () => {
  const holder = await platform.open("BEGIN; LOCK TABLE workflow_runs IN ROW EXCLUSIVE MODE");
  const stop = new AbortController();
  let first: Promise<unknown> | undefined;
  await new Promise<void>((resolve) => {
    first = installOnce(archive, { signal: stop.signal, note: () => resolve() });
  });
  await expect(installOnce(archive)).rejects.toMatchObject({ code: "capture_busy" });
  stop.abort();
  await expect(first).rejects.toThrow("abort");
  await holder.query("ROLLBACK");
  expect((await installOnce(archive)).added).toEqual(all);
});

describe("uninstall", () => {
  test("leaves no trace on the platform's tables and no entry, and asks when entries would be lost", async () => {
    const { sql } = archive;
    await installOnce(archive);
    expect(await ourTriggers()).toBe(16);
    await insertRun(sql, { tenantId: tenant });
    const refused = await runAppHere(archive, ["elasticsearch", "capture", "uninstall", "--json"]);
    expect(refused).toMatchObject({ code: 2 });
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: "confirmation_needed", message: expect.stringContaining("Forget 3 writes") },
    });
    expect(await statusOnce(archive)).toMatchObject({ installed: true, dirtyRows: 3 });

    const end = await runAppHere(archive, ["elasticsearch", "capture", "uninstall", "--json", "--yes"]);
    expect(JSON.parse(end.stdout)).toMatchObject({ removed: all, discarded: 3 });
    expect(await ourTriggers()).toBe(0);
    expect(await countRows(sql, "(SELECT FROM pg_proc WHERE proname LIKE 'capture%') p")).toBe(0);
    await insertRun(sql, { tenantId: tenant });
    expect(await statusOnce(archive)).toMatchObject({ installed: false, installedAt: null, dirtyRows: 0, gaps: 0 });

    expect(await uninstallOnce(archive)).toEqual({ removed: [], discarded: 0 });
    await installOnce(archive);
    expect(await statusOnce(archive)).toMatchObject({ installed: true, gaps: 0 });
  });

  test("waits for readers and writers no longer than install does", async () => {
    await installOnce(archive);
    const reader = await platform.open("BEGIN; SELECT FROM workflow_runs");
    await expect(uninstallOnce(archive, { giveUpAfterMillis: 0 })).rejects.toMatchObject({
      code: "table_busy",
      message: expect.stringContaining("dify-api"),
    });
    expect(await statusOnce(archive)).toMatchObject({ installed: false });
    await reader.query("COMMIT");
    expect((await uninstallOnce(archive)).removed).toEqual(all);
  });
});

test("the commands say what they did", async () => {
  const install = await runAppHere(archive, ["elasticsearch", "capture", "install"]);
  expect(install).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/✓ SUCCESS: every write into .* is recorded/),
  });
  await insertRun(archive.sql, { tenantId: tenant, nodes: 2 });
  const status = await runAppHere(archive, ["elasticsearch", "capture", "status", "--json"]);
  expect(JSON.parse(status.stdout)).toMatchObject({
    command: "elasticsearch capture status",
    installed: true,
    dirtyRows: 4,
    byDataType: { workflow_runs: { I: 1 }, app_logs: { I: 1 }, node_executions: { I: 2 } },
    oldestSeconds: expect.any(Number),
    gaps: 0,
  });
  await archive.sql.query("TRUNCATE workflow_runs");
  const text = await runAppHere(archive, ["elasticsearch", "capture", "status"]);
  expect(text.stdout).toMatch(/^Capture: since .*; 4 writes wait to be copied, the oldest for .*\n⚠ WARNING: 1 gap/);
});

describe("in a database of its own", () => {
  let other: TestArchive;

  beforeEach(async () => {
    other = await createTestArchive({ nodeExecutions: 0, tenants: 1 });
  });
  afterEach(() => other.drop());

  test("a role that does not own the tables is refused before anything is made", async () => {
    const role = await createRole(other.sql, other.databaseUrl);
    try {
      await other.sql.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.name}`);
      await expect(installOnce({ ...other, databaseUrl: role.url })).rejects.toMatchObject({
        code: "capture_denied",
        message: expect.stringMatching(new RegExp(`^${role.name} does not own .*workflow_runs \\(owner .*offload`)),
      });
    } finally {
      await role.drop();
    }
    expect(await countRows(other.sql, "(SELECT FROM pg_namespace WHERE nspname = 'log_archive') n")).toBe(0);
  });

  test("tables whose writes triggers would not all see are refused by name", async () => {
    await other.sql.query(
      `DROP TABLE ${logs}; CREATE TABLE ${logs} (id uuid, tenant_id uuid, created_at timestamp) PARTITION BY RANGE (created_at);
       CREATE TABLE child (extra int) INHERITS (${runs})`,
    );
    await expect(installOnce(other)).rejects.toMatchObject({
      code: "capture_table",
      message: expect.stringMatching(/workflow_runs \(inherited\), workflow_app_logs \(partitioned\)/),
    });
    expect(await ourTriggers(other.sql)).toBe(0);
  });
});

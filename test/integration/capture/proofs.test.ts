import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { saveProof, validProof } from "../../../src/workflow-logs/state/validate/proofs.ts";
import { runAppHere } from "../../support/app-here.ts";
import { installOnce, statusOnce, takeDirty } from "../../support/capture.ts";
import { sessions } from "../../support/sessions.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { validateOnce } from "../validate/validate-once.ts";

const nodes = "workflow_node_executions";
let archive: TestArchive;
let partition: { dataType: string; tenantId: string; month: string };
let indexUuid: string;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  await installOnce(archive);
  expect((await migrateOnce(archive)).warnings).toEqual([]);
  const { rows } = await archive.sql.query<{ tenantId: string; month: string; uuid: string }>(
    `SELECT tenant_id AS "tenantId", month, index_uuid AS uuid FROM log_archive.partitions WHERE data_type = 'node_executions'`,
  );
  const { tenantId, month, uuid } = rows[0]!;
  partition = { dataType: "node_executions", tenantId, month };
  indexUuid = uuid;
});
beforeEach(async () => {
  await takeDirty(archive.sql);
  expect((await validateOnce(archive, { level: "full" })).partitions).toMatchObject({ verified: 3 });
});
afterAll(() => archive.drop());

async function states(): Promise<string[]> {
  const { rows } = await archive.sql.query<{ state: string }>("SELECT DISTINCT state FROM log_archive.partitions");
  return rows.map(({ state }) => state);
}

function proof(of = partition, uuid = indexUuid): Promise<{ rows: number } | undefined> {
  return withTestConnections(archive, {}, ({ state }) => validProof(state, of, uuid));
}

const gap = () => archive.sql.query("SELECT nextval('log_archive.capture_gaps')");

test("a gap shows in status at once and voids every proof; the next run of any kind says so in the state too", async () => {
  expect(await proof()).toMatchObject({ rows: 60 });
  expect(await proof(partition, "another")).toBeUndefined();
  expect(await proof({ ...partition, month: "2024-01" })).toBeUndefined();
  await gap();
  expect(await proof()).toBeUndefined();
  const status = await runAppHere(archive, ["elasticsearch", "status", "--json"]);
  const { capture, coverage } = JSON.parse(status.stdout) as {
    capture: { installed: boolean; gaps: number };
    coverage: { state: string }[];
  };
  expect(capture).toMatchObject({ installed: true, dirtyRows: 0, oldestSeconds: null, gaps: 1 });
  expect(new Set(coverage.map(({ state }) => state))).toEqual(new Set(["copied"]));

  await migrateOnce(archive, { scope: { dataTypes: ["workflow_runs"] } });
  expect(await states()).toEqual(["copied"]);
  expect(await proof()).toBeUndefined();
  await validateOnce(archive, { level: "full" });
  expect(await states()).toEqual(["verified"]);
  expect(await proof()).toMatchObject({ rows: 60 });
  await migrateOnce(archive);
  expect(await states()).toEqual(["verified"]); // the gap is known
  expect((await statusOnce(archive)).gaps).toBe(1);
});

test("a validation during which a write went unrecorded verifies nothing, and is not gone on with", async () => {
  const platform = sessions(archive.databaseUrl);
  const { gaps } = await statusOnce(archive);
  try {
    const holder = await platform.open("BEGIN; LOCK TABLE log_archive.proofs IN EXCLUSIVE MODE");
    const scope = { dataTypes: ["node_executions" as const] };
    const validation = validateOnce(archive, { level: "full", scope });
    await expect.poll(() => waitsFor("log_archive.proofs"), { timeout: 30_000 }).toBe(1);
    await gap();
    await holder.query("COMMIT");
    expect(await validation).toMatchObject({
      status: "match",
      partitions: { done: 1, verified: 0 },
      warnings: [expect.stringContaining("node_executions/")],
    });
    expect(await proof()).toBeUndefined();
    expect((await statusOnce(archive)).gaps).toBe(gaps + 1);
  } finally {
    await platform.close();
  }

  const stop = new AbortController();
  const started: number[] = [];
  const call = {
    level: "full" as const,
    batchRows: 5,
    concurrency: 1,
    scope: { dataTypes: ["node_executions" as const] },
    progress: {
      partitionStarted: (_key: string, _label: string, _rows: number, done: number) => void started.push(done),
    },
  };
  const advanced = () => stop.abort();
  expect(
    await validateOnce(archive, { ...call, signal: stop.signal, progress: { ...call.progress, advanced } }),
  ).toMatchObject({ status: "interrupted" });
  await gap();
  // As another run puts it down while this validation still saves how far it is.
  await archive.sql.query(
    "UPDATE log_archive.capture SET known_gaps = (SELECT last_value FROM log_archive.capture_gaps)",
  );
  expect(await validateOnce(archive, call)).toMatchObject({ partitions: { verified: 1 } });
  expect(started).toEqual([0, 0]);
});

async function waitsFor(table: string): Promise<number> {
  const { rows } = await archive.sql.query("SELECT FROM pg_locks WHERE NOT granted AND relation = to_regclass($1)", [
    table,
  ]);
  return rows.length;
}

test("a proof is void while a write waits that may concern its partition, and holds again when none does", async () => {
  const { sql } = archive;
  const others = dataTypes.filter((type) => type !== "node_executions");
  await sql.query("UPDATE workflow_runs SET status = status");
  await sql.query("UPDATE workflow_app_logs SET created_from = created_from");
  expect(await proof()).toBeDefined();
  for (const dataType of others) {
    const { rows } = await sql.query<{ uuid: string }>(
      "SELECT index_uuid AS uuid FROM log_archive.partitions WHERE data_type = $1",
      [dataType],
    );
    expect(await proof({ ...partition, dataType }, rows[0]!.uuid)).toBeUndefined();
  }
  await takeDirty(sql);

  const one = `id = (SELECT id FROM ${nodes} ORDER BY id LIMIT 1)`;
  await sql.query(`UPDATE ${nodes} SET title = title WHERE ${one}`);
  expect(await proof()).toBeUndefined();
  await sql.query("UPDATE log_archive.dirty_rows SET tenant_id = 'another', old_tenant_id = 'another'");
  expect(await proof()).toBeDefined();
  for (const place of [
    "operation = 'T'",
    "created_at = $1::date + 10",
    "old_created_at = $1::date - 0.5 * interval '1 day'",
  ]) {
    await sql.query("DELETE FROM log_archive.dirty_rows");
    await sql.query(
      `INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id, old_tenant_id) VALUES ('node_executions', 'x', 'U', $1, $1)`,
      [partition.tenantId],
    );
    expect(await proof()).toBeDefined();
    const values = place.includes("$1") ? [`${partition.month}-01`] : [];
    await sql.query(`UPDATE log_archive.dirty_rows SET ${place}`, values);
    expect(await proof()).toBeUndefined();
  }
  await sql.query("UPDATE log_archive.dirty_rows SET old_created_at = old_created_at - interval '2 days'");
  expect(await proof()).toBeDefined();
});

test("a proof that is saved at an older value of the gap counter is not saved", async () => {
  await withTestConnections(archive, {}, async ({ state }) => {
    const { rows } = await archive.sql.query<{ id: string }>("SELECT id FROM log_archive.runs LIMIT 1");
    const save = (gaps: string) => saveProof(state, partition, rows[0]!.id, { indexUuid, rows: 1, gaps });
    await gap();
    const { rows: now } = await archive.sql.query<{ gaps: string }>(
      "SELECT last_value::text AS gaps FROM log_archive.capture_gaps",
    );
    expect(await save(String(Number(now[0]!.gaps) - 1))).toBe(false);
    expect(await proof()).toBeUndefined();
    expect(await save(now[0]!.gaps)).toBe(true);
    expect(await proof()).toMatchObject({ rows: 1 });
  });
});

test("a table that lost its triggers is noticed by the next run, which voids every proof", async () => {
  const { gaps } = await statusOnce(archive);
  await archive.sql.query("DROP TRIGGER log_archive_delete ON workflow_app_logs");
  const { warnings } = await migrateOnce(archive, { scope: { dataTypes: ["workflow_runs"] } });
  expect(warnings).toEqual([expect.stringContaining("capture install")]);
  expect(await states()).toEqual(["copied"]);
  expect(await statusOnce(archive)).toMatchObject({ installed: false, gaps: gaps + 1 });
  await migrateOnce(archive, { scope: { dataTypes: ["workflow_runs"] } });
  expect(await statusOnce(archive)).toMatchObject({ installed: false, gaps: gaps + 1 });
  const text = await runAppHere(archive, ["elasticsearch", "status"]);
  expect(text.stdout).toContain("Capture: not whole, missing on workflow_app_logs");
  await installOnce(archive);
  expect(await statusOnce(archive)).toMatchObject({ installed: true });
});

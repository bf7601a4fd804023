import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { retryErrors } from "../../../src/workflow-logs/migrate/retry-errors.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import { status } from "../../../src/workflow-logs/status.ts";
import { cleanupOnce, deletedRows, keptRows } from "../../support/cleanup-archive.ts";
import { type InsertedRun, insertRun } from "../../support/insert-run.ts";
import {
  createRetentionArchive,
  indexExists,
  outcomes,
  partitionStates,
  request,
  sweepOnce,
} from "../../support/retention-archive.ts";
import { migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { validateOnce } from "../validate/validate-once.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterAll(() => archive.drop());

interface Scene extends InsertedRun {
  tenantId: string;
  /** By data type. */
  indices: Record<"runs" | "logs" | "nodes", string>;
}

async function scene(runStatus = "succeeded"): Promise<Scene> {
  const tenantId = randomUUID();
  const run = await insertRun(archive.sql, { tenantId, status: runStatus, nodes: 2 });
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  const name = (resource: string): string => `${archive.prefix}-${resource}-${tenantId}-2025.09`;
  const indices = {
    runs: name("workflow-runs"),
    logs: name("workflow-app-logs"),
    nodes: name("workflow-node-executions"),
  };
  return { tenantId, ...run, indices };
}

async function existing({ indices }: Scene): Promise<string[]> {
  const there: string[] = [];
  for (const [key, name] of Object.entries(indices)) if (await indexExists(archive, name)) there.push(key);
  return there;
}

test("an expired partition is not copied again, not even rows that come late or had not ended, unless it is asked for", async () => {
  const swept = await scene("running");
  const { tenantId } = swept;
  const { rows: open } = await archive.sql.query("SELECT FROM log_archive.open_rows WHERE tenant_id = $1", [tenantId]);
  expect(open.length).toBeGreaterThan(0);
  expect((await sweepOnce(archive, { tenantIds: [tenantId] })).totals.deleted.indices).toBe(3);
  await insertRun(archive.sql, { tenantId, createdAt: "2025-09-20 10:00:00" });
  await archive.sql.query("UPDATE workflow_runs SET status = 'succeeded' WHERE id = $1", [swept.runId]);

  for (const call of [{}, { scope: { tenantIds: [tenantId] } }]) {
    await migrateOnce(archive, call);
    expect(await existing(swept)).toEqual([]);
  }
  for (const table of ["checkpoints", "open_rows", "record_errors", "validation_progress"]) {
    const { rows } = await archive.sql.query(`SELECT FROM log_archive.${table} WHERE tenant_id = $1`, [tenantId]);
    expect(rows, table).toEqual([]);
  }

  const again = await migrateOnce(archive, { scope: { tenantIds: [tenantId] }, restart: true });
  expect(again.totals).toMatchObject({ migrated: 7, failed: 0 });
  expect(await existing(swept)).toEqual(["runs", "logs", "nodes"]);
  expect(new Set(Object.values(await partitionStates(archive, tenantId)))).toEqual(new Set(["copied"]));
  expect((await validateOnce(archive, { scope: { tenantIds: [tenantId] }, level: "full" })).status).toBe("match");
  expect((await sweepOnce(archive, { tenantIds: [tenantId] })).totals.deleted).toMatchObject({
    indices: 3,
    documents: 7,
  });
});

test("status shows it as expired, validate does not miss its rows, and its record errors are not sent again", async () => {
  const swept = await scene();
  const { tenantId, runId } = swept;
  await sweepOnce(archive, { tenantIds: [tenantId] });

  const { coverage } = await withTestConnections(archive, {}, (connections) => status(connections, [tenantId], true));
  expect(coverage.map(({ state, sourceRows, targetDocuments }) => ({ state, sourceRows, targetDocuments }))).toEqual([
    { state: "expired", sourceRows: 1, targetDocuments: 0 },
    { state: "expired", sourceRows: 2, targetDocuments: 0 },
    { state: "expired", sourceRows: 1, targetDocuments: 0 },
  ]);
  for (const level of ["full", "sample"] as const) {
    const report = await validateOnce(archive, { scope: { tenantIds: [tenantId] }, level });
    expect(report.status).toBe("match");
    expect(report.warnings.join("\n")).toMatch(/past its retention/);
  }
  await archive.sql.query(
    "INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason) VALUES ('workflow_runs', $1, $2, '2025-09', 'strict', 'x')",
    [runId, tenantId],
  );
  const watch = { signal: new AbortController().signal, progress: noProgress };
  const retried = await withTestConnections(archive, {}, (connections) =>
    retryErrors(connections, { tenantIds: [tenantId] }, watch),
  );
  expect(retried).toMatchObject({ status: "completed", tried: 1, migrated: 0, expired: 1 });
  expect(await existing(swept)).toEqual([]);
});

test("rows that PostgreSQL still has stay until cleanup-pg --expired; those it had no more are the only copy", async () => {
  const kept = await scene();
  const purged = await scene();
  await cleanupOnce(archive, { tenantId: purged.tenantId, dataTypes: ["app_logs"] });
  const tenantIds = [kept.tenantId, purged.tenantId];

  const dry = await sweepOnce(archive, { tenantIds, dryRun: true });
  expect(dry.indices.filter(({ onlyCopy }) => onlyCopy).map(({ name }) => name)).toEqual([purged.indices.logs]);
  expect(dry.totals).toMatchObject({ wouldDelete: { indices: 6 }, onlyCopy: { indices: 1, documents: 1 } });
  expect([...(await existing(kept)), ...(await existing(purged))]).toHaveLength(6);

  await sweepOnce(archive, { tenantIds });
  expect(keptRows(await cleanupOnce(archive, { tenantId: kept.tenantId }))).toEqual({ expired: 4 });
  expect(deletedRows(await cleanupOnce(archive, { tenantId: kept.tenantId, expired: true }))).toBe(4);
});

test("a partition that is purged is left for the next sweep, and a purge waits for a sweep and then deletes nothing", async () => {
  const { tenantId, indices } = await scene();
  let during: Record<string, string> = {};
  const purge = cleanupOnce(archive, {
    tenantId,
    dataTypes: ["node_executions"],
    atStep: async (step) => {
      if (step === "begun") during = outcomes(await sweepOnce(archive, { tenantIds: [tenantId] }));
    },
  });
  expect(deletedRows(await purge)).toBe(2);
  expect(during).toEqual({
    [indices.nodes]: "kept: busy",
    [indices.logs]: "deleted: past_retention",
    [indices.runs]: "deleted: past_retention",
  });

  const other = await scene();
  let purged: ReturnType<typeof cleanupOnce> | undefined;
  await sweepOnce(archive, {
    tenantIds: [other.tenantId],
    atStep: async (step, index) => {
      if (step !== "decided" || index !== other.indices.nodes) return;
      purged = cleanupOnce(archive, { tenantId: other.tenantId, dataTypes: ["node_executions"] });
      await expect.poll(() => runningRuns("elasticsearch cleanup-pg"), { timeout: 30_000 }).toBe(1);
    },
  });
  expect(keptRows(await purged!)).toEqual({ expired: 2 });
});

async function runningRuns(command: string): Promise<number> {
  const { rows } = await archive.sql.query<{ runs: number }>(
    "SELECT count(*)::int AS runs FROM log_archive.runs WHERE command = $1 AND status = 'running'",
    [command],
  );
  return rows[0]!.runs;
}

test("a migrate that had planned a partition before it expired does not bring its index back", async () => {
  const { tenantId, indices } = await scene();
  await insertRun(archive.sql, { tenantId, createdAt: "2025-09-20 10:00:00" });
  const lock = new Client({ connectionString: archive.databaseUrl });
  await lock.connect();
  const name = `log_archive:partition:workflow_runs/${tenantId}/2025-09`;
  await lock.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [name]);
  const scope = { tenantIds: [tenantId], dataTypes: ["workflow_runs" as const] };
  const migrating = migrateOnce(archive, { scope });
  await expect.poll(() => waitingFor("workflow_runs"), { timeout: 30_000 }).toBe(true);
  // what a sweep does while it has the lock
  await request(archive, "DELETE", indices.runs);
  await archive.sql.query("UPDATE log_archive.partitions SET state = 'expired' WHERE index_name = $1", [indices.runs]);
  await lock.end();
  expect((await migrating).totals.migrated).toBe(0);
  expect(await indexExists(archive, indices.runs)).toBe(false);
});

/** Whether a run waits for a partition of this data type. */
async function waitingFor(dataType: string): Promise<boolean> {
  const { rows } = await archive.sql.query<{ waiting: boolean }>(
    "SELECT coalesce(bool_or(waiting LIKE $1), false) AS waiting FROM log_archive.runs WHERE status = 'running'",
    [`${dataType}/%`],
  );
  return rows[0]!.waiting;
}

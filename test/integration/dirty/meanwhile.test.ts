import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inRun } from "../../../src/runs/run.ts";
import { archiveHome } from "../../../src/workflow-logs/run-home.ts";
import { dirtyRun } from "../../../src/workflow-logs/dirty/dirty-run.ts";
import { removeDocuments } from "../../../src/workflow-logs/dirty/remove-documents.ts";
import { copyRun } from "../../../src/workflow-logs/copying/copy-run.ts";
import { migrateDefaults, type MigrateOptions } from "../../../src/workflow-logs/copying/options.ts";
import { MigrateCounters } from "../../../src/workflow-logs/copying/report.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import type { Scope } from "../../../src/workflow-logs/partitions/scope.ts";
import { inspectSources } from "../../../src/workflow-logs/partitions/source-schema.ts";
import { keepCompact } from "../../../src/workflow-logs/dirty/keep-compact.ts";
import { Pacing } from "../../../src/engine/pacing.ts";
import { runApp, startApp } from "../../support/app-process.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce, deletedRows, keptRows } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, documentsByIndex, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const runId = "33333333-3333-4333-8333-333333333333";
const tenantId = "11111111-1111-4111-8111-111111111111";

let archive: TestArchive;
let proxy: FaultProxy | undefined;
beforeEach(async () => {
  archive = await createTestArchive({});
  await installOnce(archive);
});
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  await archive.drop();
});

async function insertRuns(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < count; at++) ids.push((await insertRun(archive.sql, { tenantId })).runId);
  return ids;
}

async function dirtyRows(): Promise<number> {
  const { rows } = await archive.sql.query<{ rows: number }>(
    "SELECT count(*)::int AS rows FROM log_archive.dirty_rows",
  );
  return rows[0]!.rows;
}

async function lock(name: string): Promise<Client> {
  const holder = new Client({ connectionString: archive.databaseUrl });
  await holder.connect();
  await holder.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [name]);
  return holder;
}

const lockSeptember = (): Promise<Client> => lock(`log_archive:partition:workflow_runs/${tenantId}/2025-09`);

test("writes that come while a row is being applied stay dirty, and the next pass applies them", async () => {
  const [id] = await insertRuns(1);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'first' WHERE id = $1", [id]);
  proxy = await startFaultProxy(archive.elasticsearchUrl);
  proxy.set({ kind: "delay", millis: 400 });
  const applying = applyOnce({ ...archive, elasticsearchUrl: proxy.url });
  const stop = new AbortController();
  const writing = (async () => {
    for (let at = 0; !stop.signal.aborted; at++) {
      await archive.sql.query("UPDATE workflow_runs SET outputs = $2 WHERE id = $1", [id, `again ${at}`]);
      await sleep(20);
    }
  })();
  await applying;
  stop.abort();
  await writing;

  expect(await dirtyRows()).toBeGreaterThan(0);
  await applyOnce(archive);
  expect(await dirtyRows()).toBe(0);
  expect((await compareStores(archive)).differences).toEqual([]);
});

test("a document stays when its row has come back by the time it was to be removed", async () => {
  const [back, gone] = await insertRuns(2);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = outputs WHERE id = $1", [back]);
  await archive.sql.query("UPDATE workflow_runs SET created_at = '2025-10-01' WHERE id = $1", [gone]);
  const scope: Scope = { dataTypes: ["workflow_runs"], tenantIds: [] };
  const options: MigrateOptions = { ...migrateDefaults, scope };
  const watch = { signal: new AbortController().signal, progress: noProgress };
  await withTestConnections(archive, {}, (connections) =>
    inRun(
      archiveHome(connections, watch),
      { command: "test", options, limits: options, report: () => ({}) },
      watch,
      async (run) => {
        const [source] = await inspectSources(connections.postgres, scope);
        const copy = copyRun(
          connections,
          options,
          run,
          new MigrateCounters(scope.dataTypes, { dryRun: false }),
          noProgress,
        );
        const dirty = dirtyRun(copy, [source!], true);

        const { rows } = await archive.sql.query<{ id: string; note: string }>(
          "SELECT record_id AS id, max(version)::text AS note FROM log_archive.dirty_rows WHERE data_type = 'workflow_runs' GROUP BY 1",
        );
        const moved = rows.map(({ id, note }) => ({ id, note, why: "moved" as const, isElsewhere: true }));
        expect(moved.map(({ id }) => id).toSorted()).toEqual([back!, gone!].toSorted());
        await removeDocuments(dirty, source!, { dataType: "workflow_runs", tenantId, month: "2025-09" }, moved);

        expect(dirty.counters.snapshot().totals).toMatchObject({ moved: 1 });
        return "completed";
      },
    ),
  );
  expect((await compareStores(archive)).differences).toMatchObject([{ id: gone, at: "document" }]);
});

test("a busy partition is left for later and named; --until-empty waits for it", async () => {
  const [id] = await insertRuns(1);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [id]);
  await archive.sql.query("UPDATE workflow_node_executions SET outputs = 'x'");
  const holder = await lockSeptember();

  expect(await applyOnce(archive)).toMatchObject({
    status: "completed",
    totals: { applied: 1 },
    waiting: [{ records: 1, reason: `workflow_runs/${tenantId}/2025-09 is being worked on by another run` }],
    remaining: { rows: 1 },
  });
  const waiting = applyOnce(archive, { untilEmpty: true });
  expect(await Promise.race([waiting, sleep(3000, "waits")])).toBe("waits");
  await holder.end();

  expect(await waiting).toMatchObject({ status: "completed", waiting: [], remaining: { rows: 0 } });
  expect((await compareStores(archive)).differences).toEqual([]);
});

test("entries of a tenant that the archive does not know stay while a migration is at work, for it may be about to copy it", async () => {
  await insertRuns(1);
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  const holder = await lock(`log_archive:run:${runId}`);
  await archive.sql.query(
    "INSERT INTO log_archive.runs (id, command, options) VALUES ($1, 'elasticsearch migrate', $2)",
    [runId, { scope: { tenantIds: ["another"] } }],
  );
  await insertRun(archive.sql, { tenantId: "22222222-2222-4222-8222-222222222222" });

  expect(await applyOnce(archive)).toMatchObject({
    totals: { applied: 0, dropped: {} },
    waiting: [{ records: 3, reason: "a migration is at work that may archive their tenant" }],
    remaining: { rows: 3 },
  });

  await holder.end(); // it died
  expect(await applyOnce(archive)).toMatchObject({
    totals: { applied: 0, dropped: { other_tenant: 3 } },
    waiting: [],
    remaining: { rows: 0 },
  });
});

test("--until-empty ends though the platform keeps writing, and says that it is not empty", async () => {
  const [id] = await insertRuns(1);
  await migrateOnce(archive);
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted)
      await archive.sql.query("UPDATE workflow_runs SET outputs = outputs || 'x' WHERE id = $1", [id]);
  })();

  const report = await applyOnce(archive, { untilEmpty: true });
  stop.abort();
  await writing;

  expect(report).toMatchObject({ status: "completed_with_errors", waiting: [], errors: { total: 0 } });
  expect(report.remaining.rows).toBeGreaterThan(0);
  expect(await applyOnce(archive, { untilEmpty: true })).toMatchObject({ status: "completed", remaining: { rows: 0 } });
  expect((await compareStores(archive)).differences).toEqual([]);
});

test("after cleanup-pg with capture installed every archived document is still there, whatever the flags", async () => {
  const ids = await insertRuns(5);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [ids[0]]);
  await applyOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = outputs WHERE id = $1", [ids[1]]);
  const before = await documentsByIndex(archive);
  const cleanup = await cleanupOnce(archive, { tenantId });
  expect([deletedRows(cleanup), keptRows(cleanup)]).toEqual([14, { dirty: 1 }]);
  expect(await dirtyRows()).toBe(1);

  const end = await runApp(archive, ["elasticsearch", "apply-dirty", "--until-empty", "--follow-deletes", "--json"]);

  expect(end).toMatchObject({ code: 0 });
  expect(JSON.parse(end.stdout)).toMatchObject({
    totals: { deleted: 0, moved: 0, dropped: {} },
    remaining: { rows: 0 },
  });
  expect(await documentsByIndex(archive)).toEqual(before);
});

test("SIGINT ends it with exit code 130; what was settled is in Elasticsearch, and the same command goes on", async () => {
  await insertRuns(20);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x'");
  await archive.sql.query("UPDATE workflow_node_executions SET outputs = 'x'");
  const holder = await lockSeptember();
  const app = startApp(archive, ["elasticsearch", "apply-dirty", "--until-empty", "--json"]);
  await untilDirty((rows) => rows === 20);
  app.child.kill("SIGINT");

  const end = await app.end;

  expect(end).toMatchObject({ code: 130 });
  expect(JSON.parse(end.stdout)).toMatchObject({ status: "interrupted", totals: { applied: 20 } });
  expect((await compareStores(archive)).differences.map(({ table }) => table)).toEqual(
    Array.from({ length: 20 }, () => "workflow_runs"),
  );
  await holder.end();
  expect(await runApp(archive, ["elasticsearch", "apply-dirty"])).toMatchObject({ code: 0 });
  expect(await dirtyRows()).toBe(0);
  expect((await compareStores(archive)).differences).toEqual([]);
});

async function untilDirty(holds: (rows: number) => boolean): Promise<void> {
  const giveUp = performance.now() + 30_000;
  while (!holds(await dirtyRows())) {
    if (performance.now() > giveUp) throw new Error("The dirty rows never were so many");
    await sleep(20);
  }
}

test("a migration applies what the platform wrote behind it, and names it in its report", async () => {
  const ids = await insertRuns(3);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [ids[0]]);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [ids[1]]);

  const report = await migrateOnce(archive);

  expect(report).toMatchObject({
    status: "completed",
    totals: { migrated: 0 },
    dirty: { totals: { applied: 2, kept: 1 }, remaining: { rows: 0 } },
  });
  expect((await compareStores(archive)).differences).toMatchObject([{ id: ids[1], at: "row" }]);
});

test("a migration of some months leaves dirty rows of others alone", async () => {
  const [id] = await insertRuns(1);
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [id]);

  await migrateOnce(archive, { scope: { start: "2025-10-01 00:00:00.000000" } });
  expect(await dirtyRows()).toBe(1);

  await migrateOnce(archive, { scope: { start: "2025-09-01 00:00:00.000000" } });
  expect(await dirtyRows()).toBe(0);
});

test("while nobody applies it, the registry stays proportional to the distinct rows", async () => {
  await archive.sql.query(
    `INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id)
     SELECT 'workflow_runs', 'row ' || n % 100, 'I', 't' FROM generate_series(1, 60000) n`,
  );
  await withTestConnections(archive, {}, async ({ state }) => {
    const pacing = new Pacing({ concurrency: 1, batchRows: 1, recordsPerSecond: null, bytesPerSecond: null });
    const stop = keepCompact(state, { pacing });
    await untilDirty((rows) => rows === 100);
    await stop();
  });
});

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cleanupDefaults } from "../../../src/workflow-logs/cleanup/options.ts";
import { cleanupPg } from "../../../src/workflow-logs/cleanup/cleanup-pg.ts";
import type { Connections } from "../../../src/workflow-logs/connections.ts";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { noProgress, type ProgressSink } from "../../../src/runs/progress.ts";
import { restoreDefaults } from "../../../src/workflow-logs/restore/options.ts";
import { restore } from "../../../src/workflow-logs/restore/restore.ts";
import { validateDefaults } from "../../../src/workflow-logs/validate/options.ts";
import { validate } from "../../../src/workflow-logs/validate/validate.ts";
import { deletedRows } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { expectQuiet, runs, runUnderWay, until, untilWaiting } from "./controlled-run.ts";

// One archive for all tests, which each leave it as the next expects it.
let archive: TestArchive;
/** Elasticsearch, as slow as a run needs it that is to be met in its midst. */
let slow: FaultProxy;
let tenantId: string;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 500, tenants: 1, months: 1 });
  slow = await startFaultProxy(archive.elasticsearchUrl);
  const { rows } = await archive.sql.query<{ id: string }>("SELECT tenant_id::text AS id FROM workflow_runs LIMIT 1");
  tenantId = rows[0]!.id;
  await migrateOnce(archive);
});
beforeEach(() => slow.set({ kind: "delay", millis: 150 }));
afterAll(async () => {
  await slow.close();
  await archive.drop();
});

interface Watch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
  /** Said of each step that takes requests or statements. */
  readonly step: () => void;
}

/** Pauses the run in its midst, expects it to rest, and lets it go on to its end. */
async function pausedOnce<T>(start: (connections: Connections, watch: Watch) => Promise<T>): Promise<T> {
  let advanced = 0;
  let ended = false;
  const step = () => void advanced++;
  const progress = { ...noProgress, advanced: step };
  const stores = { ...archive, elasticsearchUrl: slow.url };
  const report = withTestConnections(stores, {}, (connections) =>
    start(connections, { signal: new AbortController().signal, progress, step }),
  ).finally(() => (ended = true));
  report.catch(() => {}); // awaited below
  await until(async () => advanced > 0 || undefined);
  const id = await runUnderWay(archive);
  expect(await runs(archive, "pause", id)).toMatchObject({ code: 0 });
  await untilWaiting(archive, id, /^paused$/);
  await expectQuiet(archive, 700);
  const before = advanced;
  await expectQuiet(archive, 1000);
  expect({ advanced, ended }).toEqual({ advanced: before, ended: false });
  slow.set({ kind: "pass" });
  expect(await runs(archive, "set", id, "--batch-size", "500")).toMatchObject({ code: 0 });
  expect(await runs(archive, "resume", id)).toMatchObject({ code: 0 });
  return report;
}

test("validate --full", async () => {
  const report = await pausedOnce((connections, watch) =>
    validate(
      connections,
      { ...validateDefaults, level: "full", batchRows: 20, scope: { dataTypes, tenantIds: [] } },
      { ...watch, confirmDelete: async () => false },
    ),
  );
  expect(report.status).toBe("match");
  const checked = Object.values(report.byDataType).reduce((sum, totals) => sum + totals.checked, 0);
  expect(checked).toBe(await countRows(archive.sql));
});

test("cleanup-pg", async () => {
  const rows = await countRows(archive.sql);
  const report = await pausedOnce((connections, watch) =>
    cleanupPg(
      connections,
      {
        ...cleanupDefaults,
        tenantId,
        before: "2099-01-01 00:00:00.000000",
        dataTypes,
        batchRows: 15,
        allowUnreplicated: true,
      },
      { ...watch, atStep: watch.step },
    ),
  );
  expect(deletedRows(report)).toBeGreaterThan(rows / 2);
  expect(await countRows(archive.sql)).toBeLessThan(rows / 2);
});

test("restore", async () => {
  const report = await pausedOnce((connections, watch) =>
    restore(connections, { ...restoreDefaults, tenantId, dataTypes, batchRows: 30, dryRun: false }, watch),
  );
  expect(report.status).toBe("completed");
  expect((await compareStores(archive)).differences).toEqual([]);
});

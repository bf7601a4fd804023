import { expect, test } from "vitest";
import { runProgress } from "../../../../src/cli/dashboard/run-progress.ts";

test.each([
  [
    "migrate",
    { totals: { source: 100, migrated: 40, skipped: 10, failed: 1, bytes: 9 }, partitions: { done: 1, total: 3 } },
    { done: 51, total: 100, failed: 1, bytes: 9, partitions: { done: 1, total: 3 } },
  ],
  [
    "validate",
    {
      byDataType: {
        app_logs: { source: 10, target: 9, checked: 4, matched: 4 },
        workflow_runs: { source: 5, checked: 5 },
      },
    },
    { done: 9, total: 15, failed: 0, bytes: null, partitions: null },
  ],
  [
    "cleanup-pg",
    { byTable: { workflow_runs: { eligible: 8, deleted: 3, kept: { running: 1, message: 2 } } } },
    { done: 6, total: 8, failed: 0, bytes: null, partitions: null },
  ],
  [
    "restore",
    { bytes: 7, byTable: { workflow_runs: { documents: 8, restored: 3, present: 1, different: 0 } } },
    { done: 4, total: 8, failed: 0, bytes: 7, partitions: null },
  ],
  ["milvus sync", { totals: { source: 3, copied: 1, skipped: 1, failed: 0, bytes: 1 } }, { done: 2, total: 3 }],
  ["a Redis import", { migrated: 4, skipped: 1, scanned: 5, errors: 0, bytes: 2 }, { done: 5, total: 5, bytes: 2 }],
  ["apply-dirty", { totals: { entries: 5, applied: 2, deleted: 1, failed: 0 } }, { done: 3, total: 5 }],
])("of a report of %s", (_, report, progress) => expect(runProgress(report)).toMatchObject(progress));

test.each([null, {}, { totals: { deleted: { indices: 1 } } }, { totals: "x", byTable: null }, { migrated: "7" }])(
  "a report that counts nothing, %j, has none",
  (report) => expect(runProgress(report)).toBeNull(),
);

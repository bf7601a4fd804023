import { expect, test } from "vitest";
import { cleanupText } from "../../../../src/cli/commands/elasticsearch/cleanup-pg-text.ts";
import { cleanupDefaults } from "../../../../src/workflow-logs/cleanup/options.ts";
import { CleanupCounters, hasUnproven } from "../../../../src/workflow-logs/cleanup/report.ts";
import { dataTypes } from "../../../../src/workflow-logs/partitions/log-types.ts";

function counters(dryRun = false): CleanupCounters {
  return new CleanupCounters({
    ...cleanupDefaults,
    tenantId: "tenant-1",
    before: "2025-11-01 00:00:00.000000",
    dryRun,
    dataTypes,
  });
}

test("rows are those that passed and those that were kept, by reason", () => {
  const count = counters();
  count.planned("node_executions", 10);
  count.passed("node_executions", { rows: 7, bytes: 1_000_000, offloadRows: 3 }, true);
  count.kept("node_executions", "running", 2);
  count.kept("node_executions", "missing", 1);
  expect(count.snapshot()).toMatchObject({
    command: "elasticsearch cleanup-pg",
    beforeDate: "2025-11-01",
    byTable: {
      workflow_node_executions: { rows: 10, eligible: 7, deleted: 7, kept: { running: 2, missing: 1 } },
      workflow_node_execution_offload: { rows: 3, eligible: 3, deleted: 3, kept: {} },
      workflow_runs: { rows: 0, eligible: 0, deleted: 0, kept: {} },
    },
  });
});

test("only what is not proven to be archived is a finding", () => {
  const count = counters();
  count.kept("workflow_runs", "message", 5);
  count.kept("workflow_runs", "different", 0);
  expect(hasUnproven(count.snapshot())).toBe(false);
  count.kept("workflow_runs", "different", 1);
  expect(hasUnproven(count.snapshot())).toBe(true);
});

test("the text says what was kept and why, and what VACUUM gives back", () => {
  const count = counters();
  count.passed("workflow_runs", { rows: 1200, bytes: 1_000_000, offloadRows: 0 }, true);
  count.kept("workflow_runs", "different", 2);
  const text = cleanupText(count.snapshot());
  expect(text).toMatch(/workflow_runs +0 +1,200 +977 KiB +2/);
  expect(text).toMatch(/different +its document differs/);
  expect(text).toMatch(/VACUUM \(ANALYZE\) workflow_runs;/);
  expect(text.split("\n").at(-1)).toBe(
    "⚠ WARNING: 1,200 rows deleted; rows were kept that are not proven to be in Elasticsearch",
  );
});

test("a dry run says what would be deleted and deletes nothing", () => {
  const count = counters(true);
  count.passed("workflow_runs", { rows: 3, bytes: 1_000_000, offloadRows: 0 }, false);
  const text = cleanupText({ ...count.snapshot(), estimates: { seconds: 4 } });
  expect(text).toMatch(/^Dry run: nothing was deleted/);
  expect(text).toMatch(/The deletes would take about 4s/);
  expect(text).not.toMatch(/VACUUM/);
  expect(text.split("\n").at(-1)).toBe("✓ SUCCESS: 3 rows would be deleted");
});

test("what comes next depends on what kept the rows (F12)", () => {
  const nextAfter = (count: CleanupCounters): string => /^Next: (.*)$/m.exec(cleanupText(count.snapshot()))![1]!;
  const single = counters(true);
  single.kept("workflow_runs", "unreplicated", 3, 100);
  expect(nextAfter(single)).toMatch(/replica .* snapshot .* --allow-unreplicated/);
  const missing = counters(true);
  missing.kept("workflow_runs", "missing", 3, 100);
  expect(nextAfter(missing)).toMatch(/what the meanings above say/);
  const ruled = counters(true);
  ruled.kept("workflow_runs", "message", 3, 100);
  expect(nextAfter(ruled)).toMatch(/^nothing/);
  expect(cleanupText(ruled.snapshot())).toContain("About 0 B of 100 B before the date would be freed (0%)");
});

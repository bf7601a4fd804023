import { expect, test } from "vitest";
import { batchText, reportText } from "../../../../../src/cli/commands/llm-cache/report-text.ts";
import type { MigrateReport } from "../../../../../src/llm-cache/migrate-report.ts";

test("the report with errors is the specification's, line by line (K39, K41)", () => {
  const report: MigrateReport = {
    command: "llm-cache migrate",
    runId: "1",
    status: "completed_with_errors",
    dryRun: false,
    startedAt: "",
    finishedAt: "",
    seconds: 1,
    source: { type: "JsonKVStorage", workspace: "" },
    target: { type: "MongoKVStorage", workspace: "" },
    totals: { source: 8734, batches: 9, successfulBatches: 8, failedBatches: 1, migrated: 7734, failed: 1000, gone: 0 },
    errors: {
      total: 1,
      byType: { ConnectionError: 1 },
      first: [{ batch: 2, type: "ConnectionError", message: "Connection timeout after 30s", recordsLost: 1000 }],
    },
    successRate: 88.55,
  };
  expect(reportText(report).split("\n")).toEqual([
    "Migration Complete - Final Report",
    "",
    "📊 Statistics:",
    "  Total source records:    8,734",
    "  Total batches:           9",
    "  Successful batches:      8",
    "  Failed batches:          1",
    "  Successfully migrated:   7,734",
    "  Failed to migrate:       1,000",
    "  Success rate:            88.55%",
    "",
    "⚠️  Errors encountered: 1",
    "",
    "Error Details:",
    "-".repeat(60),
    "",
    "Error Summary:",
    "  - ConnectionError: 1 occurrence(s)",
    "",
    "First 5 errors:",
    "",
    "  1. Batch 2",
    "     Type: ConnectionError",
    "     Message: Connection timeout after 30s",
    "     Records lost: 1,000",
    "",
    "⚠️  WARNING: Migration completed with errors!",
    "   Please review the error details above.",
    "   Next: app llm-cache retry sends the failed records again.",
  ]);
  const many = { ...report, errors: { ...report.errors, total: 7, byType: { A: 2, B: 5 } } };
  expect(reportText(many)).toMatch(/- B: 5 occurrence\(s\)\n {2}- A: 2/);
  expect(reportText(many)).toContain("  ... and 6 more errors");
});

test("a batch that failed says why on its line (K28)", () => {
  const batch = { number: 2, batches: 9, done: 2000, total: 8734, kind: "default:extract" } as const;
  expect(batchText({ ...batch, failure: undefined })).toBe(
    "Batch 2/9: ████░░░░░░░░░░░░░░░░ 2000/8734 (23%) - default:extract ✓",
  );
  expect(batchText({ ...batch, failure: { type: "ConnectionError", message: "gone" } })).toBe(
    "Batch 2/9: ✗ FAILED - ConnectionError: gone",
  );
});

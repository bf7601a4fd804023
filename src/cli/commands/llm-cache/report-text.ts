import type { BatchProgress, MigrateReport } from "../../../llm-cache/migrate-report.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";

const barWidth = 20;

/** `Batch 1/9: ██░░░░░░░░░░░░░░░░░░ 1000/8734 (11%) - default:extract ✓` */
export function batchText({ number, batches, done, total, kind, failure }: BatchProgress): string {
  const head = `Batch ${number}/${batches}:`;
  if (failure !== undefined) return `${head} ✗ FAILED - ${failure.type}: ${printable(failure.message)}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * barWidth);
  const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
  return `${head} ${bar} ${done}/${total} (${Math.round(share * 100)}%) - ${kind ?? "default"} ✓`;
}

/** What a person reads at the end, word for word as LightRAG's own tool says it. */
export function reportText({ command, totals, errors, successRate, status }: MigrateReport): string {
  const lines = [
    "Migration Complete - Final Report",
    "",
    "📊 Statistics:",
    `  Total source records:    ${formatCount(totals.source)}`,
    `  Total batches:           ${formatCount(totals.batches)}`,
    `  Successful batches:      ${formatCount(totals.successfulBatches)}`,
    `  Failed batches:          ${formatCount(totals.failedBatches)}`,
    `  Successfully migrated:   ${formatCount(totals.migrated)}`,
    `  Failed to migrate:       ${formatCount(totals.failed)}`,
    `  Success rate:            ${successRate.toFixed(2)}%`,
  ];
  if (totals.gone > 0) lines.push(`  No longer in the source: ${formatCount(totals.gone)}`);
  if (status === "interrupted" || status === "failed") return lines.join("\n");
  if (errors.total > 0) return [...lines, "", ...errorLines(errors, totals.failed)].join("\n");
  const isAll = totals.migrated + totals.gone >= totals.source;
  const missing = "⚠️  Fewer records were there than had been counted: some were deleted meanwhile.";
  const success =
    command === "llm-cache retry" && totals.source === 0
      ? "✓ Nothing is to be retried"
      : "✓ SUCCESS: All records migrated successfully!";
  return [...lines, "", isAll ? success : missing].join("\n");
}

function errorLines({ total, byType, first }: MigrateReport["errors"], failed: number): string[] {
  const summary = Object.entries(byType)
    .toSorted(([, one], [, other]) => other - one)
    .map(([type, occurrences]) => `  - ${type}: ${formatCount(occurrences)} occurrence(s)`);
  const told = first.flatMap(({ batch, type, message, recordsLost }, at) => [
    "",
    `  ${at + 1}. Batch ${batch}`,
    `     Type: ${type}`,
    `     Message: ${printable(message)}`,
    `     Records lost: ${formatCount(recordsLost)}`,
  ]);
  return [
    `⚠️  Errors encountered: ${formatCount(total)}`,
    "",
    "Error Details:",
    "-".repeat(60),
    "",
    "Error Summary:",
    ...summary,
    "",
    "First 5 errors:",
    ...told,
    ...(total > first.length ? ["", `  ... and ${formatCount(total - first.length)} more errors`] : []),
    "",
    "⚠️  WARNING: Migration completed with errors!",
    "   Please review the error details above.",
    ...(failed > 0 ? ["   Next: app llm-cache retry sends the failed records again."] : []),
  ];
}

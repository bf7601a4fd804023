import type { DryRun } from "../../../../workflow-logs/migrate/dry-run.ts";
import type { MigrateReport } from "../../../../workflow-logs/copying/report.ts";
import { formatBytes, formatCount, formatDuration } from "../../../output/format.ts";
import { nextStep } from "../../../output/next-step.ts";
import { printable } from "../../../output/printable.ts";
import { formatTable } from "../../../output/table.ts";
import { dirtyLines } from "../apply-dirty-text.ts";

/** The report that a person reads at the end of a migration. */
export function migrateText(report: MigrateReport, width?: number): string {
  const { totals, batches, partitions, errors, contents, seconds } = report;
  const perSecond = (amount: number): number => (seconds === 0 ? 0 : amount / seconds);
  const statistics: [string, string][] = [
    ["Source records", formatCount(totals.source)],
    [
      "Batches",
      `${formatCount(batches.successful + batches.failed)} (${formatCount(batches.successful)} successful, ${formatCount(batches.failed)} with refused records)`,
    ],
    ["Migrated", formatCount(totals.migrated)],
    ["Skipped, copied before", formatCount(totals.skipped)],
    ["Failed", formatCount(totals.failed)],
    ...(contents === undefined
      ? []
      : [
          ["Offloaded contents", `${formatCount(contents.loaded)}, ${formatBytes(contents.bytes)}`] as [string, string],
        ]),
    ["Success rate", `${report.successRate.toFixed(2)}%`],
    ["Speed", `${formatCount(perSecond(totals.migrated))} rows/s, ${formatBytes(perSecond(totals.bytes))}/s`],
    ["Time", formatDuration(seconds * 1000)],
    ["Partitions", `${formatCount(partitions.done)} of ${formatCount(partitions.total)}`],
  ];
  return [
    "Migration statistics",
    ...statistics.map(([name, value]) => `  ${`${name}:`.padEnd(24)}${value}`),
    "",
    byDataType(report, width),
    ...dirtySummary(report),
    ...waitingSummary(report),
    ...errorSummary(report),
    ...report.warnings.map((warning) => `\nNote: ${printable(warning)}`),
    ...(report.status === "completed" ? ["", nextStep("migrate")] : []),
    "",
    verdict(report, errors.total),
  ].join("\n");
}

function byDataType(report: MigrateReport, width: number | undefined): string {
  const rows = Object.entries(report.byDataType).map(([type, { source, migrated, skipped, failed, bytes }]) => [
    type,
    source,
    migrated,
    skipped,
    failed,
    formatBytes(bytes),
  ]);
  return formatTable(["data type", "source", "migrated", "skipped", "failed", "size"], rows, { width });
}

function dirtySummary({ dirty, following }: MigrateReport): string[] {
  if (dirty === undefined || (dirty.totals.entries === 0 && dirty.remaining.rows === 0)) return [];
  const lag =
    following && `  Lag when it ended:      ${formatCount(following.lagRows)} entries, ${following.lagSeconds} s`;
  return [
    "",
    "What the platform wrote meanwhile",
    ...dirtyLines(dirty).map((line) => `  ${line}`),
    ...(lag === undefined ? [] : [lag]),
  ];
}

function waitingSummary({ waiting }: MigrateReport): string[] {
  if (waiting.length === 0) return [];
  return [
    "",
    "Months that take no documents",
    ...waiting.map(({ dataType, tenantId, month, rows, reason, hint }) =>
      printable(`  ${dataType} ${tenantId} ${month}: ${formatCount(rows)} rows wait: ${reason} ${hint}`),
    ),
  ];
}

function errorSummary({ errors, runId }: MigrateReport): string[] {
  if (errors.total === 0) return [];
  return [
    "",
    "Errors by type",
    ...Object.entries(errors.byType).map(([type, count]) => `  ${printable(type)}: ${formatCount(count)}`),
    "",
    `First ${errors.first.length} errors`,
    ...errors.first.map(({ dataType, tenantId, id, type, message }) =>
      printable(`  ${dataType} ${tenantId} ${id}: ${type}: ${message}`),
    ),
    "",
    `Retry them with: app elasticsearch errors retry --run-id ${runId}`,
  ];
}

function verdict({ status, runId, totals, waiting, dirty, shortfalls }: MigrateReport, errors: number): string {
  if (status === "interrupted") {
    return `⚠ WARNING: interrupted; everything confirmed is kept. Go on with: app elasticsearch migrate --run-id ${runId}`;
  }
  if (errors > 0)
    return `⚠ WARNING: ${formatCount(errors)} records could not be archived; they are kept in PostgreSQL and listed by app elasticsearch errors list`;
  if (waiting.length > 0) {
    const rows = waiting.reduce((sum, month) => sum + month.rows, 0);
    return `⚠ WARNING: ${formatCount(rows)} rows of ${formatCount(waiting.length)} months wait, for their indices take no documents; all others are copied`;
  }
  const lacking = shortfalls.filter(({ vanished, lost }) => vanished + lost > 0);
  if (lacking.length > 0)
    return `⚠ WARNING: documents that had been confirmed were gone from ${formatCount(lacking.length)} months; the notes say how many, and what mends it`;
  if (status === "completed_with_errors")
    return `⚠ WARNING: ${formatCount(dirty?.remaining.rows ?? 0)} changes of the platform wait; what for is said above`;
  return totals.migrated === 0
    ? "✓ SUCCESS: nothing new to copy"
    : `✓ SUCCESS: ${formatCount(totals.migrated)} records are in Elasticsearch`;
}

const partitionsShown = 50;

export function dryRunText({ report, partitions }: DryRun, width?: number): string {
  const { totals, estimates, warnings } = report;
  const shown = partitions.slice(0, partitionsShown);
  return [
    "Dry run: nothing was touched.",
    "",
    formatTable(
      ["data type", "tenant", "month", "rows", "size"],
      shown.map(({ dataType, tenantId, month, rows, bytes }) => [dataType, tenantId, month, rows, formatBytes(bytes)]),
      { width },
    ),
    ...(partitions.length > shown.length
      ? [`... and ${partitions.length - shown.length} more partitions (all of them with --json)`]
      : []),
    "",
    `Would copy:         ${report.counts === "exact" ? "" : "about "}${formatCount(totals.source)} rows, ${formatBytes(totals.bytes)} of text`,
    ...(estimates.contents === undefined
      ? []
      : [
          `Would be loaded:    ${formatCount(estimates.contents.files)} offloaded contents, ${formatBytes(estimates.contents.bytes)}`,
        ]),
    `Would be made:      ${report.counts === "exact" ? "" : "up to "}${formatCount(estimates.indices)} indices with ${formatCount(estimates.shards)} shards`,
    `Estimated on disk:  ${formatBytes(estimates.targetBytes)}`,
    `Estimated time:     ${formatDuration(estimates.seconds * 1000)}, from a probe of reading; indexing may be faster or slower than assumed`,
    ...warnings.map((warning) => `Note: ${printable(warning)}`),
  ].join("\n");
}

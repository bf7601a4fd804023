import { hasFindings, type RestoreReport } from "../../../workflow-logs/restore/report.ts";
import { formatBytes, formatCount, formatDuration } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

/** The report that a person reads at the end of a restore or of its dry run. */
export function restoreText(report: RestoreReport, width?: number): string {
  const { dryRun, byTable, byPartition, partitions, findings, lost, missing, notes, seconds, bytes } = report;
  const leftOut = Object.values(byTable).reduce((sum, { deleted }) => sum + deleted, 0);
  const perSecond = seconds === 0 ? 0 : documents(report) / seconds;
  return [
    ...(dryRun ? ["Dry run: nothing was touched.", ""] : []),
    formatTable(
      ["table", "documents", dryRun ? "would restore" : "restored", "present", "different", "deleted", "refused"],
      Object.entries(byTable).map(([table, counts]) => [
        table,
        counts.documents,
        counts.restored,
        counts.present,
        counts.different,
        counts.deleted,
        counts.refused,
      ]),
      { width, drop: ["deleted"] },
    ),
    ...(dryRun && byPartition.length > 0
      ? [
          formatTable(
            ["data type", "month", "documents", "would restore", "present", "size"],
            byPartition.map((one) => [
              one.dataType,
              one.month,
              one.documents,
              one.restored,
              one.present,
              formatBytes(one.bytes),
            ]),
            { width },
          ),
        ]
      : []),
    `Partitions: ${formatCount(partitions.done)} of ${formatCount(partitions.total)}, ${formatBytes(bytes)} read in ${formatDuration(seconds * 1000)} (${formatCount(perSecond)} documents/s)`,
    ...findings.map(({ table, id, kind, columns, reason }) =>
      printable(`  ${kind}: ${table} ${id}${columns.length > 0 ? ` (${columns.join(", ")})` : ""}: ${reason}`),
    ),
    ...(findings.length > 0 && !dryRun ? ["All of them are in log_archive.restore_findings."] : []),
    ...missing.map(({ dataType, month, state, purgedRows, because }) =>
      because !== undefined
        ? `⚠ ${dataType} ${month} was not restored${purgedRows > 0 ? ` (${formatCount(purgedRows)} rows were purged of it)` : ""}: ${unreadable[because]}`
        : purgedRows > 0
          ? `⚠ ${dataType} ${month}: its index is gone, and ${formatCount(purgedRows)} purged rows cannot be brought back from it.`
          : `Note: ${dataType} ${month} has no index${state === "expired" ? ": retention dropped it" : ""}; there is nothing to bring back.`,
    ),
    ...(leftOut > 0
      ? [
          `${formatCount(leftOut)} rows were deleted by the platform itself and are left out; --include-deleted brings them back, too.`,
        ]
      : []),
    ...(lost > 0 ? [`⚠ ${formatCount(lost)} purged rows have no document any more.`] : []),
    ...notes.map((note) => `Note: ${printable(note)}`),
    "",
    verdict(report),
  ].join("\n");
}

function documents({ byTable }: RestoreReport): number {
  return Object.values(byTable).reduce((sum, counts) => sum + counts.documents, 0);
}

function verdict(report: RestoreReport): string {
  const restored = Object.values(report.byTable).reduce((sum, counts) => sum + counts.restored, 0);
  if (report.status === "interrupted")
    return "⚠ WARNING: interrupted; what was brought back stays. Run the same command again to go on.";
  if (hasFindings(report))
    return "⚠ WARNING: some rows are not in PostgreSQL as they are in the archive; none of those there was changed.";
  if (report.dryRun) return `Would bring back ${formatCount(restored)} rows.`;
  return restored === 0
    ? "✓ SUCCESS: nothing was missing in PostgreSQL"
    : `✓ SUCCESS: ${formatCount(restored)} rows are back in PostgreSQL`;
}

const unreadable = {
  closed: "its index is closed. Open it and run the command again.",
  alias:
    "the name of its index is an alias of another one, as a shrink or clone leaves it. Clone that one back to the name when the alias is gone; never remove it before.",
  meanwhile: "its index went while others were restored, as a retention sweep deletes it.",
} as const;

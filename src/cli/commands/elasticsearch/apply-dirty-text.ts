import type { ApplyDirtyReport, DirtyReport } from "../../../workflow-logs/dirty/dirty-report.ts";
import { formatCount, formatDuration } from "../../output/format.ts";
import { nextStep } from "../../output/next-step.ts";
import { printable } from "../../output/printable.ts";

const dropReasons: Readonly<Record<keyof DirtyReport["totals"]["dropped"], string>> = {
  expired: "month past its retention",
  other_tenant: "tenant not in the archive",
  purged: "purged by cleanup-pg, document kept",
  vanished: "row gone, its delete was not recorded",
};

/** The report that a person reads when dirty rows were applied. */
export function applyDirtyText(report: ApplyDirtyReport): string {
  return [
    ...dirtyLines(report),
    `Time:                   ${formatDuration(report.seconds * 1000)}`,
    ...report.errors.first.map(({ dataType, tenantId, id, type, message }) =>
      printable(`  ${dataType} ${tenantId} ${id}: ${type}: ${message}`),
    ),
    ...report.warnings.map((warning) => `Note: ${printable(warning)}`),
    ...(report.status === "completed" ? ["", nextStep(report.remaining.rows === 0 ? "empty" : "applied")] : []),
    "",
    verdict(report),
  ].join("\n");
}

export function dirtyLines({ totals, waiting, remaining }: DirtyReport): string[] {
  const dropped = Object.entries(totals.dropped).map(([reason, records]): [string, number] => [
    `Left as they are, ${dropReasons[reason as keyof typeof dropReasons]}`,
    records,
  ]);
  const counts: [string, number][] = [
    ["Dirty entries settled", totals.entries],
    ["Documents written", totals.applied],
    ["Moved", totals.moved],
    ["Deleted", totals.deleted],
    ["Kept, row deleted", totals.kept],
    ...dropped,
    ["Refused", totals.failed],
  ];
  return [
    ...counts.map(([name, count]) => `${`${name}:`.padEnd(24)}${formatCount(count)}`),
    ...waiting.map(({ records, reason }) => `Waiting:                ${formatCount(records)}, ${printable(reason)}`),
    `Left:                   ${formatCount(remaining.rows)}${remaining.oldestSeconds === null ? "" : `, the oldest for ${formatDuration(remaining.oldestSeconds * 1000)}`}`,
  ];
}

function verdict({ status, errors, remaining }: ApplyDirtyReport): string {
  if (status === "interrupted")
    return "⚠ WARNING: interrupted; what was applied is settled. Run the same command again.";
  if (errors.total > 0)
    return `⚠ WARNING: ${formatCount(errors.total)} rows could not be archived; app elasticsearch errors list shows them`;
  if (status === "completed_with_errors")
    return `⚠ WARNING: not empty: the platform keeps writing, ${formatCount(remaining.rows)} entries are left`;
  return remaining.rows === 0 ? "✓ SUCCESS: nothing is left" : "✓ SUCCESS";
}

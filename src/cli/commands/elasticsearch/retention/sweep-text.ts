import {
  hasFaults,
  type KeptReason,
  type RetentionReport,
  type Sum,
  type SweptIndex,
} from "../../../../workflow-logs/retention/report.ts";
import { formatBytes, formatCount } from "../../../output/format.ts";
import { printable } from "../../../output/printable.ts";
import { formatTable } from "../../../output/table.ts";

/** What each reason means, and what to do about it. */
const reasons: Readonly<Record<"past_retention" | KeptReason, string>> = {
  past_retention: "past its retention",
  within_retention: "within its retention",
  month_open: "its month has just ended: rows may still come",
  held: "held: app elasticsearch retention list",
  index_missing: "there is no such index: nothing to delete",
  index_foreign: "not made by this program",
  index_replaced: "another index than before: sweep again",
  index_closed: "closed: open it",
  index_frozen: "frozen or a searchable snapshot",
  index_blocked: "blocked by a setting index.blocks.*, or its disk is full",
  newest_unknown: "its newest document cannot be read",
  busy: "another run works on it: the next sweep looks again",
  snapshot_failed: "no whole snapshot of it",
  written_meanwhile: "written into after its snapshot: sweep again",
  delete_refused: "Elasticsearch refused",
};

export function sweepText(report: RetentionReport, width?: number): string {
  const { dryRun, retentionDays, cutoff, indices, totals, snapshots, notes } = report;
  const shown = dryRun ? indices : indices.filter(({ reason }) => reason !== "within_retention");
  const byTenant = Map.groupBy(shown, ({ tenantId }) => tenantId);
  return [
    ...(dryRun ? ["Dry run: nothing was changed.", ""] : []),
    `Retention: ${formatCount(retentionDays)} days, of what was created before ${cutoff} (UTC)`,
    ...[...byTenant].flatMap(([tenantId, some]) => ["", `Tenant ${tenantId}`, tenantTable(some, width)]),
    "",
    ...(dryRun ? [sumLine("Would be deleted:", totals.wouldDelete)] : [sumLine("Deleted:         ", totals.deleted)]),
    sumLine("  the only copy: ", totals.onlyCopy),
    sumLine("Kept:            ", totals.kept),
    ...snapshots.map(
      ({ repository, name, indices: held }) =>
        `Snapshot: ${repository}/${name} has ${formatCount(held.length)} indices`,
    ),
    ...notes.map((note) => `Note: ${printable(note)}`),
    "",
    verdict(report),
  ].join("\n");
}

function tenantTable(indices: readonly SweptIndex[], width: number | undefined): string {
  return formatTable(
    ["index", "data type", "month", "documents", "size", "age", "only copy", "days", "action", "reason"],
    indices.map((index) => [
      index.name,
      index.dataType,
      index.month,
      index.documents,
      formatBytes(index.bytes),
      index.ageDays === null ? undefined : `${formatCount(index.ageDays)} d`,
      index.onlyCopy === null ? undefined : index.onlyCopy ? "yes" : "no",
      index.retentionDays,
      index.action.replace("_", " "),
      index.detail === undefined ? reasons[index.reason] : `${reasons[index.reason]}: ${index.detail}`,
    ]),
    { width, drop: ["index", "days", "only copy", "age"] },
  );
}

function sumLine(label: string, { indices, documents, bytes }: Sum): string {
  return `${label} ${formatCount(indices)} indices, ${formatCount(documents)} documents, ${formatBytes(bytes)}`;
}

function verdict(report: RetentionReport): string {
  if (report.status === "interrupted") return "⚠ WARNING: interrupted; the next sweep goes on";
  const { deleted, wouldDelete } = report.totals;
  const done = report.dryRun
    ? `${formatCount(wouldDelete.indices)} indices would be deleted`
    : `${formatCount(deleted.indices)} indices deleted`;
  if (hasFaults(report)) return `⚠ WARNING: ${done}; others that should have gone were kept`;
  return `✓ SUCCESS: ${done}`;
}

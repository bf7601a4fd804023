import { hasFaults, type SealedMonth, type SealReport, type StayReason } from "../../../workflow-logs/seal/report.ts";
import { formatBytes, formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

/** What each reason means, and what to do about it. */
const reasons: Readonly<Record<StayReason, string>> = {
  already_sealed: "sealed before",
  too_young: "its month has ended too lately",
  not_proven: "not proven: app elasticsearch validate --full",
  open_rows: "runs of it have not ended",
  only_copy: "rows of it were purged: it needs a replica",
  index_foreign: "not made by this program",
  index_replaced: "another index than before: run it again",
  index_gone: "deleted meanwhile",
  index_closed: "closed: open it",
  index_frozen: "frozen or a searchable snapshot",
  index_blocked: "blocked by a setting index.blocks.*, or its disk is full",
  busy: "another run works on it: run it again",
  written_meanwhile: "written into meanwhile: run it again when it is proven",
  failed: "Elasticsearch refused",
};

export function sealText(report: SealReport, width?: number): string {
  const { dryRun, olderThanDays, months, totals } = report;
  const shown = months.filter(({ reason }) => dryRun || (reason !== "too_young" && reason !== "already_sealed"));
  const byTenant = Map.groupBy(shown, ({ tenantId }) => tenantId);
  return [
    ...(dryRun ? ["Dry run: nothing was changed.", ""] : []),
    `Months that ended more than ${formatCount(olderThanDays)} days ago`,
    ...[...byTenant].flatMap(([tenantId, some]) => ["", `Tenant ${tenantId}`, tenantTable(some, width)]),
    "",
    ...(dryRun
      ? [`Would be sealed: ${formatCount(totals.wouldSeal)} months`]
      : [
          `Sealed: ${formatCount(totals.sealed)} months, primaries ${formatBytes(totals.bytesBefore)} before and ${formatBytes(totals.bytesAfter)} after`,
        ]),
    `Sealed before: ${formatCount(totals.alreadySealed)} months`,
    ...(totals.notProven === 0
      ? []
      : [`Not proven: ${formatCount(totals.notProven)} months. Next: app elasticsearch validate --full`]),
    "",
    verdict(report),
  ].join("\n");
}

function tenantTable(months: readonly SealedMonth[], width: number | undefined): string {
  return formatTable(
    ["index", "data type", "month", "documents", "before", "after", "action", "reason"],
    months.map((month) => [
      month.name,
      month.dataType,
      month.month,
      month.documents,
      formatBytes(month.bytesBefore),
      month.bytesAfter === null ? undefined : formatBytes(month.bytesAfter),
      month.action.replace("_", " "),
      reasonOf(month),
    ]),
    { width, drop: ["index", "documents"] },
  );
}

function reasonOf({ reason, detail }: SealedMonth): string | undefined {
  if (reason === null) return undefined;
  return detail === undefined ? reasons[reason] : `${reasons[reason]}: ${printable(detail)}`;
}

function verdict(report: SealReport): string {
  if (report.status === "interrupted") return "⚠ WARNING: interrupted; the same command again goes on";
  const { sealed, wouldSeal } = report.totals;
  const done = report.dryRun
    ? `${formatCount(wouldSeal)} months would be sealed`
    : `${formatCount(sealed)} months sealed`;
  if (hasFaults(report)) return `⚠ WARNING: ${done}; others that should have been were kept`;
  return `✓ SUCCESS: ${done}`;
}

import {
  type CleanupReport,
  type FileKeepReason,
  hasUnproven,
  type KeepReason,
} from "../../../workflow-logs/cleanup/report.ts";
import { formatBytes, formatCount, formatDuration } from "../../output/format.ts";
import { nextStep } from "../../output/next-step.ts";
import { formatTable } from "../../output/table.ts";

/** What each reason means, and what to do about it. */
const reasons: Readonly<Record<KeepReason | FileKeepReason, string>> = {
  referenced: "something else refers to it",
  not_in_document: "its content is not in the document, which migrate --offload inline puts there while the row exists",
  no_file_row: "its row in upload_files is gone",
  not_an_offload: "it does not have the name of an offloaded file",
  running: "has not ended",
  paused: "is paused",
  too_young: "ended or was written within the last 24 hours",
  pending_pause: "waits for a person to resume it",
  pending_trigger: "its trigger has not come to an end",
  message: "a chat message still refers to it",
  foreign_key: "a table of your own refers to it by a foreign key",
  draft_variable: "a draft uses its result",
  run_kept: "belongs to a run that is kept",
  children_left: "node executions or app logs of it are kept",
  not_migrated: "was never copied: run app elasticsearch migrate",
  index_missing: "its index is gone: run app elasticsearch migrate",
  index_replaced: "its index is not the one it was copied into: run app elasticsearch migrate",
  index_foreign: "its index was not made by this program",
  index_closed: "its index is closed",
  index_not_durable: "its index may lose acknowledged writes: set index.translog.durability to request",
  unreplicated: "its index has no assigned replica and is in no snapshot: add one, or give --allow-unreplicated",
  snapshots_hidden:
    "its index has no assigned replica, and the role may not see snapshots: give it the cluster privilege monitor_snapshot, or add a replica",
  expired: "retention dropped its index: --expired deletes such rows",
  record_error: "Elasticsearch refused it: see app elasticsearch errors list",
  dirty: "a note of it waits to be applied: run app elasticsearch apply-dirty",
  missing: "has no document: run app elasticsearch validate --repair",
  different: "its document differs: run app elasticsearch validate --repair",
  offload_unresolved: "its whole value was not found in the file storage, or has no row in upload_files",
  unarchivable: "its created_at names no month",
  changed: "changed each time it was to be deleted: run the same command again",
  locked: "other sessions held locks on it: run the same command again",
};

export function cleanupText(report: CleanupReport, width?: number): string {
  const { byTable, dryRun, unindexed, estimates } = report;
  const tables = Object.entries(byTable);
  const kept = tables.flatMap(([table, count]) =>
    Object.entries(count.kept).map(
      ([reason, rows]) =>
        [
          table,
          rows,
          formatBytes(count.keptBytes[reason as KeepReason] ?? 0),
          reason,
          reasons[reason as KeepReason],
        ] as const,
    ),
  );
  return [
    ...(dryRun ? ["Dry run: nothing was deleted.", ""] : []),
    formatTable(
      ["table", "before the date", dryRun ? "would be deleted" : "deleted", "frees", "kept"],
      tables.map(([table, { rows, eligible, deleted, kept: reasonCounts, eligibleBytes }]) => [
        table,
        rows,
        dryRun ? eligible : deleted,
        formatBytes(eligibleBytes),
        Object.values(reasonCounts).reduce((sum, count) => sum + count, 0),
      ]),
      { width },
    ),
    "",
    shareText(report),
    ...filesText(report, width),
    ...(kept.length === 0
      ? []
      : ["", "Kept", formatTable(["table", "rows", "size", "reason", "meaning"], kept, { width })]),
    ...ownText(report, width),
    ...(dryRun
      ? unindexed.flatMap(({ table, columns, effect, statement }) => [
          "",
          `No index serves ${table} (${columns.join(", ")}): ${effect}.`,
          `    ${statement}`,
        ])
      : []),
    ...(estimates === undefined
      ? []
      : [
          "",
          `The deletes would take about ${formatDuration(estimates.seconds * 1000)}, beside the reading and comparing that took ${formatDuration(report.seconds * 1000)} now.`,
        ]),
    "",
    ...vacuumText(report),
    ...(report.status === "interrupted" ? [] : [nextStep(stepAfter(report)), ""]),
    verdict(report),
  ].join("\n");
}

function stepAfter(report: CleanupReport): Parameters<typeof nextStep>[0] {
  const counts = Object.values(report.byTable);
  if (counts.some(({ eligible, deleted }) => (report.dryRun ? eligible : deleted) > 0))
    return report.dryRun ? "wouldPurge" : "purged";
  if (counts.some(({ kept }) => "unreplicated" in kept || "snapshots_hidden" in kept)) return "unreplicated";
  return hasUnproven(report) ? "nothingProven" : "nothingToPurge";
}

function shareText({ byTable, dryRun }: CleanupReport): string {
  const counts = Object.values(byTable);
  const freed = counts.reduce((sum, { eligibleBytes }) => sum + eligibleBytes, 0);
  const kept = counts.flatMap(({ keptBytes }) => Object.values(keptBytes)).reduce((sum, bytes) => sum + bytes, 0);
  const all = freed + kept;
  const share = all === 0 ? 0 : Math.floor((100 * freed) / all);
  const done = dryRun ? "would be freed" : "were freed";
  return `About ${formatBytes(freed)} of ${formatBytes(all)} before the date ${done} (${share}%), and their part of the indexes.`;
}

function filesText({ offloadedFiles: files, dryRun }: CleanupReport, width: number | undefined): string[] {
  if (files === undefined) return [];
  const kept = Object.entries(files.kept).map(
    ([reason, count]) => [count, reason, reasons[reason as FileKeepReason]] as const,
  );
  const done = `${formatCount(dryRun ? files.eligible : files.deleted)} ${dryRun ? "would be deleted" : "deleted"}`;
  return [
    "",
    `Files of offload rows: ${done} (${formatBytes(files.bytes)})`,
    ...(kept.length === 0 ? [] : [formatTable(["kept", "reason", "meaning"], kept, { width })]),
  ];
}

/** What the operator made that concerns these deletes. */
function ownText({ foreignKeys, deleteTriggers, dryRun }: CleanupReport, width: number | undefined): string[] {
  const keys = foreignKeys.map(
    ({ name, table, refersTo, onDelete, rows }) => [table, name, refersTo, onDelete, rows] as const,
  );
  const triggers = deleteTriggers.map(({ name, table }) => `${name} on ${table}`).join(", ");
  return [
    ...(keys.length === 0
      ? []
      : [
          "",
          "Foreign keys of your own keep the rows that they refer to",
          formatTable(["table", "foreign key", "refers to", "on delete", "rows kept"], keys, { width }),
        ]),
    ...(triggers === ""
      ? []
      : ["", `Triggers or rules of yours ${dryRun ? "would run" : "ran"} for each row deleted: ${triggers}.`]),
  ];
}

function vacuumText({ byTable, dryRun }: CleanupReport): string[] {
  const tables = Object.entries(byTable).flatMap(([table, { deleted }]) => (deleted > 0 ? [table] : []));
  if (dryRun || tables.length === 0) return [];
  return [
    "Space: autovacuum, or the statement below, makes the space of deleted rows free for new rows of the same tables. It does not make",
    "the files smaller and gives nothing back to the disk, but for empty pages at the very end; that takes VACUUM FULL, which locks a",
    "table for as long as it copies it, or pg_repack.",
    `    VACUUM (ANALYZE) ${tables.join(", ")};`,
    "",
  ];
}

function verdict(report: CleanupReport): string {
  const { status, byTable, dryRun } = report;
  if (status === "interrupted") return "⚠ WARNING: interrupted; run the same command again to go on";
  const total = (part: "eligible" | "deleted"): string =>
    formatCount(Object.values(byTable).reduce((sum, count) => sum + count[part], 0));
  const done = dryRun ? `${total("eligible")} rows would be deleted` : `${total("deleted")} rows deleted`;
  if (hasUnproven(report)) return `⚠ WARNING: ${done}; rows were kept that are not proven to be in Elasticsearch`;
  return `✓ SUCCESS: ${done}`;
}

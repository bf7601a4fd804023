import type { CleanupOptions } from "./options.ts";
import type { DeleteTrigger } from "./tables/delete-triggers.ts";
import { type ForeignKey, labelOf } from "./tables/foreign-keys.ts";
import { type DataType, logTypes, offloadTable } from "../partitions/log-types.ts";

/**
 * Why a row that was asked to go was kept though nothing proves that it may not: whoever purges has to look at these.
 */
const unprovenReasons = [
  /** Nothing of the partition was ever copied. */
  "not_migrated",
  "index_missing",
  /** Another index of the same name: not the one the rows were copied into. */
  "index_replaced",
  "index_foreign",
  "index_closed",
  "index_not_durable",
  /** No shard copy on another node and no snapshot. */
  "unreplicated",
  /** The same, and it cannot be seen whether there are snapshots. */
  "snapshots_hidden",
  /** Retention dropped the index; --expired deletes such rows. */
  "expired",
  "record_error",
  /** A note of it waits to be applied. */
  "dirty",
  "missing",
  "different",
  /** The file of an offload row is gone from upload_files: neither store has the whole value. */
  "offload_unresolved",
  /** Its created_at names no month. */
  "unarchivable",
  /** It changed each time it was to be deleted. */
  "changed",
  /** Other sessions held its lock each time. */
  "locked",
] as const;

/** Why a row is kept by rule. */
type RuleReason =
  | "running"
  | "paused"
  | "too_young"
  | "pending_pause"
  | "pending_trigger"
  | "message"
  /** A table that is not the platform's refers to it. */
  | "foreign_key"
  | "draft_variable"
  /** A node execution or app log of a run that is itself kept by rule. */
  | "run_kept"
  /** A run of which node executions or app logs are left. */
  | "children_left";

export type KeepReason = (typeof unprovenReasons)[number] | RuleReason;

/**
 * Why a file that was asked to go was kept in the storage; also the reasons for which rows of its partition would be
 * kept.
 */
export type FileKeepReason =
  | KeepReason
  /** An offload row, another column or another file row refers to it. */
  | "referenced"
  /** The document does not hold its content. */
  | "not_in_document"
  /** Its row in upload_files is gone, and with it its place in the storage. */
  | "no_file_row"
  /** It does not have the name that the platform gives to the file of an offload row. */
  | "not_an_offload";

export interface FileCount {
  /** Those that nothing speaks against: deleted, or in a dry run those that would be. */
  eligible: number;
  deleted: number;
  /** Of the eligible ones that were in the storage. */
  bytes: number;
  readonly kept: Partial<Record<FileKeepReason, number>>;
}

export interface TableCount {
  /** Rows before the date. */
  rows: number;
  /** Rows that passed every rule and compared equal: those that a dry run would have deleted, else those deleted. */
  eligible: number;
  deleted: number;
  readonly kept: Partial<Record<KeepReason, number>>;
  /** That the eligible rows take in the table, without indexes; offload rows are not counted, they are small. */
  eligibleBytes: number;
  /** The same of the rows kept; where a whole month is kept without a look at its rows, the size of their text. */
  readonly keptBytes: Partial<Record<KeepReason, number>>;
}

/** A condition that the purge asks for and no index serves. */
export interface UnindexedPredicate {
  readonly table: string;
  readonly columns: readonly string[];
  readonly effect: string;
  readonly statement: string;
}

/** A foreign key of the operator's own to a log table, and the rows before the date that it kept. */
export interface HoldingForeignKey extends Pick<ForeignKey, "name" | "table" | "refersTo" | "onDelete"> {
  rows: number;
}

export interface CleanupReport {
  readonly command: "elasticsearch cleanup-pg";
  runId: string | null;
  status: "completed" | "completed_with_findings" | "interrupted" | "failed" | "dry_run";
  readonly tenantId: string;
  readonly beforeDate: string;
  readonly dryRun: boolean;
  readonly byTable: Record<string, TableCount>;
  /** Where offloaded files were asked to go. */
  readonly offloadedFiles?: FileCount;
  unindexed: readonly UnindexedPredicate[];
  foreignKeys: readonly HoldingForeignKey[];
  /** What the operator made to happen when logs are deleted: it does so for the deletes of a purge too. */
  deleteTriggers: readonly DeleteTrigger[];
  /** Seconds that the deletes of a dry run would take, pauses included. */
  estimates?: { readonly seconds: number };
  seconds: number;
}

/** Counts what a cleanup does, in the shape of its report. */
export class CleanupCounters {
  readonly report: CleanupReport;
  private readonly started = performance.now();

  constructor(options: Pick<CleanupOptions, "tenantId" | "before" | "dryRun" | "dataTypes" | "deleteOffloadedFiles">) {
    const tables = options.dataTypes.map((type) => logTypes[type].table);
    if (options.dataTypes.includes("node_executions")) tables.unshift(offloadTable);
    this.report = {
      command: "elasticsearch cleanup-pg",
      runId: null,
      status: options.dryRun ? "dry_run" : "completed",
      tenantId: options.tenantId,
      beforeDate: options.before.replace(/ 00:00:00\.000000$/, "").replace(/ (.*)$/, "T$1Z"),
      dryRun: options.dryRun,
      byTable: Object.fromEntries(tables.map((table) => [table, newCount()])),
      ...(options.deleteOffloadedFiles && { offloadedFiles: { eligible: 0, deleted: 0, bytes: 0, kept: {} } }),
      unindexed: [],
      foreignKeys: [],
      deleteTriggers: [],
      seconds: 0,
    };
  }

  planned(dataType: DataType, rows: number): void {
    this.table(logTypes[dataType].table).rows += rows;
  }

  kept(dataType: DataType, reason: KeepReason, rows: number, bytes = 0): void {
    if (rows === 0) return;
    const { kept, keptBytes } = this.table(logTypes[dataType].table);
    kept[reason] = (kept[reason] ?? 0) + rows;
    keptBytes[reason] = (keptBytes[reason] ?? 0) + bytes;
  }

  heldBy(label: string): void {
    const key = this.report.foreignKeys.find((known) => labelOf(known) === label);
    if (key !== undefined) key.rows++;
  }

  /** Rows that may go, and whether they went. */
  passed(
    dataType: DataType,
    { rows, bytes, offloadRows }: { rows: number; bytes: number; offloadRows: number },
    deleted: boolean,
  ): void {
    const { table } = logTypes[dataType];
    this.add(table, rows, deleted);
    this.table(table).eligibleBytes += bytes;
    if (offloadRows > 0) this.add(offloadTable, offloadRows, deleted);
  }

  fileKept(reason: FileKeepReason, files = 1): void {
    const { kept } = this.report.offloadedFiles!;
    kept[reason] = (kept[reason] ?? 0) + files;
  }

  /** A file that may go, and whether it went. */
  filePassed(bytes: number, deleted: boolean): void {
    const count = this.report.offloadedFiles!;
    count.eligible++;
    count.bytes += bytes;
    if (deleted) count.deleted++;
  }

  get eligible(): number {
    return Object.values(this.report.byTable).reduce((sum, count) => sum + count.eligible, 0);
  }

  get hasFindings(): boolean {
    return hasUnproven(this.report);
  }

  snapshot(): CleanupReport {
    this.report.seconds = Math.round(performance.now() - this.started) / 1000;
    return this.report;
  }

  private add(table: string, rows: number, deleted: boolean): void {
    const count = this.table(table);
    count.eligible += rows;
    if (deleted) count.deleted += rows;
    if (table === offloadTable) count.rows += rows;
  }

  private table(name: string): TableCount {
    return (this.report.byTable[name] ??= newCount());
  }
}

function newCount(): TableCount {
  return { rows: 0, eligible: 0, deleted: 0, kept: {}, eligibleBytes: 0, keptBytes: {} };
}

/** Whether rows or files were kept because nothing proves that they are archived. */
export function hasUnproven({ byTable, offloadedFiles }: Pick<CleanupReport, "byTable" | "offloadedFiles">): boolean {
  if (Object.keys(offloadedFiles?.kept ?? {}).some((reason) => reason !== "referenced")) return true;
  return Object.values(byTable).some(({ kept }) => unprovenReasons.some((reason) => reason in kept));
}

import { clusterInfo } from "../stores/elasticsearch/cluster.ts";
import { type ArchiveIndex, listIndices } from "../stores/elasticsearch/indices/index-list.ts";
import { templateStates } from "../stores/elasticsearch/indices/templates.ts";
import { listPartitions, type PartitionRecord } from "./state/partitions/partitions.ts";
import type { RunRecord } from "../runs/run-record.ts";
import { PostgresRunStore } from "../stores/postgres/run-store.ts";
import { countRecordErrors } from "./state/record-errors.ts";
import { appliedMigrations } from "./state/upgrade.ts";
import { captureStatus, type CaptureStatus } from "./capture/status.ts";
import { archiveStatus, type ArchiveStatus } from "./archive/archive-status.ts";
import { type Budget, budgetOf } from "./budget.ts";
import type { Connections } from "./connections.ts";
import { lostCopies, type LostCopies } from "./lost-copies.ts";
import {
  type DataType,
  dataTypeOf,
  dataTypes,
  type Partition,
  partitionKey,
  resources,
} from "./partitions/log-types.ts";
import { type RetentionSchedule, retentionSchedule } from "./retention/schedule/schedule.ts";
import { areQuickToRead, estimateTable, type TableEstimate } from "./partitions/estimates.ts";
import { inspectSources, zoneOf } from "./partitions/source-schema.ts";
import { countSourceRows, countTimeout } from "./partitions/source-counts.ts";

export interface CoverageRow extends Partition {
  /** Null when counting took too long, and where an estimate cannot tell. */
  readonly sourceRows: number | null;
  readonly targetDocuments: number;
  /** `planned` where nothing was copied yet. */
  readonly state: PartitionRecord["state"];
}

export interface StatusReport {
  readonly elasticsearch: { version: string; health: string; nodes: number; shards: { used: number; limit: number } };
  readonly postgres: { version: string };
  /**
   * How long the cluster's shards and disks last at the pace of the archive; null where only some tenants are asked
   * for.
   */
  readonly budget: Budget | null;
  readonly archive: ArchiveStatus;
  readonly templates: readonly { name: string; state: string }[];
  readonly indices: readonly {
    name: string;
    dataType: DataType;
    tenantId: string;
    month: string;
    documents: number | null;
    bytes: number;
  }[];
  /** Whether the rows of `coverage` were counted, or are what was copied of months that nothing was purged of. */
  readonly counts: "exact" | "estimated";
  /** Months that `seal` made small; those left half way are finished by the next. */
  readonly sealed: { readonly months: number; readonly unfinished: number; readonly bytesSaved: number };
  readonly coverage: readonly CoverageRow[];
  /** The log tables by the planner's statistics. */
  readonly tables: readonly TableEstimate[];
  readonly capture: CaptureStatus;
  /** Null where no sweeps are scheduled. */
  readonly schedule: RetentionSchedule | null;
  readonly recordErrors: Readonly<Record<string, number>>;
  readonly runs: readonly RunRecord[];
  /** Only copies that are gone; empty when all is well. */
  readonly lostCopies: readonly LostCopies[];
  readonly notes: readonly string[];
}

const runsShown = 10;

/**
 * How both stores stand and what was copied, of one tenant or of all. Writes nothing. Rows in PostgreSQL are counted
 * where that takes a moment, or it is to be `exact`; else they are estimated.
 *
 * @example
 * ```ts
 * import { openArchive, parseConfig, status } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const { coverage, lostCopies } = await status(archive.connections, [process.env["TENANT_ID"]!]);
 * console.log(coverage, lostCopies);
 * await archive.close();
 * ```
 */
export async function status(
  connections: Connections,
  tenantIds: readonly string[],
  exact = false,
): Promise<StatusReport> {
  const { elasticsearch, state, postgres, settings, archive } = connections;
  const cluster = await clusterInfo(elasticsearch);
  const { version, health, nodes, shards } = cluster;
  const server = await postgres.query<{ version: string }>("select current_setting('server_version') as version");
  const listed = await listIndices(
    elasticsearch,
    archive,
    settings.template.prefix,
    resources,
    tenantIds.length === 1 ? tenantIds[0] : undefined,
  );
  const meant = listed.indices.filter(({ tenantId }) => tenantIds.length === 0 || tenantIds.includes(tenantId));
  const indices = meant.map(({ name, resource, tenantId, month, documents, bytes }) => ({
    name,
    dataType: dataTypeOf(resource),
    tenantId,
    month,
    documents: documents ?? null,
    bytes,
  }));
  const budget = tenantIds.length > 0 ? null : budgetOf(cluster, listed.indices, new Date());
  const hasState = (await appliedMigrations(state)).length > 0;
  const notes = listed.foreign.map(
    (name) => `${name} is named like ours but was not made by this program; it is left alone.`,
  );
  for (const { name, index } of listed.aliases)
    notes.push(`${name} is an alias of ${index}: its month takes no documents, and its documents are not counted.`);
  const known = hasState ? await listPartitions(state, tenantIds) : [];
  const capture = await captureStatus(connections);
  const source = await sourceRows(connections, tenantIds, known, exact, notes);
  const covered = coverage(capture.hasNewGap ? unproven(known) : known, indices, source);
  notes.push(...blockedNotes(listed.indices, covered));
  return {
    elasticsearch: { version, health, nodes, shards },
    postgres: { version: server.rows[0]!.version },
    budget,
    archive: await archiveStatus(connections),
    templates: await templateStates(elasticsearch, settings.template),
    indices,
    counts: source.are,
    sealed: sealedMonths(meant),
    coverage: covered,
    tables: source.tables,
    capture,
    schedule: await retentionSchedule(connections),
    recordErrors: hasState ? await countRecordErrors(state, { tenantIds }) : {},
    runs: hasState ? await new PostgresRunStore(state).list(runsShown) : [],
    lostCopies: hasState ? await lostCopies(connections, listed.indices, tenantIds) : [],
    notes,
  };
}

function sealedMonths(indices: readonly ArchiveIndex[]): StatusReport["sealed"] {
  const notes = indices.flatMap(({ seal }) => (seal === undefined ? [] : [seal]));
  const done = notes.flatMap(({ note, isBlocked }) => (isBlocked && note.bytesAfter !== undefined ? [note] : []));
  return {
    months: done.length,
    unfinished: notes.length - done.length,
    bytesSaved: done.reduce((sum, { bytesBefore, bytesAfter = 0 }) => sum + bytesBefore - bytesAfter, 0),
  };
}

/** Months that take no documents though they have more rows than documents: what is missing waits. */
function blockedNotes(indices: readonly ArchiveIndex[], covered: readonly CoverageRow[]): string[] {
  const rows = new Map(covered.map((row) => [partitionKey(row), row]));
  return indices.flatMap(({ name, resource, tenantId, month, blocked, documents }) => {
    const row = rows.get(partitionKey({ dataType: dataTypeOf(resource), tenantId, month }));
    const waiting = (row?.sourceRows ?? 0) - (documents ?? 0);
    if (blocked === undefined || waiting <= 0) return [];
    const count = documents === undefined ? "up to " : "";
    return [`${name} takes no documents, for ${blocked}: ${count}${waiting} rows of its month wait for it.`];
  });
}

/** As the next run will put it down. */
function unproven(records: readonly PartitionRecord[]): PartitionRecord[] {
  return records.map((record) => (record.state === "verified" ? { ...record, state: "copied" } : record));
}

interface SourceRows {
  /** By partition; undefined when counting takes too long. */
  readonly rows: ReadonlyMap<string, Partition & { rows: number | null }> | undefined;
  readonly are: "exact" | "estimated";
  readonly tables: readonly TableEstimate[];
}

async function sourceRows(
  connections: Connections,
  tenantIds: readonly string[],
  known: readonly PartitionRecord[],
  exact: boolean,
  notes: string[],
): Promise<SourceRows> {
  const { postgres, settings } = connections;
  const scope = { dataTypes, tenantIds };
  const sources = await inspectSources(postgres, scope);
  const tables: TableEstimate[] = [];
  for (const { table, logType } of sources) {
    const timeZone = zoneOf({ table }, settings.sourceTimeZone);
    tables.push(
      await estimateTable(postgres, { dataType: logType.dataType, table, scope, timeZone, indexUuids: undefined }),
    );
  }
  const isQuick =
    exact ||
    (await areQuickToRead(
      postgres,
      sources.map(({ table }) => table),
    ));
  if (!isQuick) {
    notes.push(estimatedNote);
    return { rows: new Map(known.map(copiedRowsOf)), are: "estimated", tables };
  }
  const rows = await countSourceRows(connections, scope, exact ? "0" : countTimeout);
  if (rows === undefined)
    notes.push(`Counting the rows in PostgreSQL took longer than ${countTimeout}; they are left out.`);
  return { rows, are: "exact", tables };
}

const estimatedNote =
  "Rows in PostgreSQL are what was copied, and left out where rows were purged; months that nothing was copied of are missing. --exact counts them, which reads the log tables once.";

function copiedRowsOf(record: PartitionRecord): [string, Partition & { rows: number | null }] {
  const { tenantId, month, copiedRows, wasPurged } = record;
  const partition: Partition = { dataType: record.dataType as DataType, tenantId, month };
  return [partitionKey(partition), { ...partition, rows: wasPurged ? null : copiedRows }];
}

function coverage(
  known: readonly PartitionRecord[],
  indices: StatusReport["indices"],
  { rows: counts, are }: SourceRows,
): CoverageRow[] {
  const otherwise = counts === undefined || are === "estimated" ? null : 0;
  const states = new Map(known.map((record) => [partitionKey(record as Partition), record.state]));
  const documents = new Map(indices.map((index) => [partitionKey(index), index.documents ?? 0]));
  const partitions = new Map<string, Partition>();
  for (const { dataType, tenantId, month } of [
    ...(counts?.values() ?? []),
    ...indices,
    ...(known as readonly (Partition & PartitionRecord)[]),
  ]) {
    partitions.set(partitionKey({ dataType, tenantId, month }), { dataType, tenantId, month });
  }
  return [...partitions.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, partition]) => ({
      ...partition,
      sourceRows: counts?.get(key)?.rows ?? otherwise,
      targetDocuments: documents.get(key) ?? 0,
      state: states.get(key) ?? "planned",
    }));
}

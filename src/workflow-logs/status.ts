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
import { countSourceRows, countTimeout } from "./partitions/source-counts.ts";

export interface CoverageRow extends Partition {
  /** Null when counting took too long. */
  readonly sourceRows: number | null;
  readonly targetDocuments: number;
  /** `planned` where nothing was copied yet. */
  readonly state: PartitionRecord["state"];
}

export interface StatusReport {
  readonly elasticsearch: { version: string; health: string; nodes: number; shards: { used: number; limit: number } };
  readonly postgres: { version: string };
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
  readonly coverage: readonly CoverageRow[];
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
 * How both stores stand and what was copied, of one tenant or of all. Writes nothing.
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
export async function status(connections: Connections, tenantIds: readonly string[]): Promise<StatusReport> {
  const { elasticsearch, state, postgres, settings, archive } = connections;
  const { version, health, nodes, shards } = await clusterInfo(elasticsearch);
  const server = await postgres.query<{ version: string }>("select current_setting('server_version') as version");
  const listed = await listIndices(
    elasticsearch,
    archive,
    settings.template.prefix,
    resources,
    tenantIds.length === 1 ? tenantIds[0] : undefined,
  );
  const indices = listed.indices
    .filter(({ tenantId }) => tenantIds.length === 0 || tenantIds.includes(tenantId))
    .map(({ name, resource, tenantId, month, documents, bytes }) => ({
      name,
      dataType: dataTypeOf(resource),
      tenantId,
      month,
      documents: documents ?? null,
      bytes,
    }));
  const hasState = (await appliedMigrations(state)).length > 0;
  const notes = listed.foreign.map(
    (name) => `${name} is named like ours but was not made by this program; it is left alone.`,
  );
  for (const { name, index } of listed.aliases)
    notes.push(`${name} is an alias of ${index}: its month takes no documents, and its documents are not counted.`);
  const known = hasState ? await listPartitions(state, tenantIds) : [];
  const capture = await captureStatus(connections);
  const covered = coverage(
    capture.hasNewGap ? unproven(known) : known,
    indices,
    await countSource(connections, tenantIds, notes),
  );
  notes.push(...sealedNotes(listed.indices, covered));
  return {
    elasticsearch: { version, health, nodes, shards },
    postgres: { version: server.rows[0]!.version },
    archive: await archiveStatus(connections),
    templates: await templateStates(elasticsearch, settings.template),
    indices,
    coverage: covered,
    capture,
    schedule: await retentionSchedule(connections),
    recordErrors: hasState ? await countRecordErrors(state, { tenantIds }) : {},
    runs: hasState ? await new PostgresRunStore(state).list(runsShown) : [],
    lostCopies: hasState ? await lostCopies(connections, listed.indices, tenantIds) : [],
    notes,
  };
}

/** Months that take no documents though they have more rows than documents: what is missing waits. */
function sealedNotes(indices: readonly ArchiveIndex[], covered: readonly CoverageRow[]): string[] {
  const rows = new Map(covered.map((row) => [partitionKey(row), row]));
  return indices.flatMap(({ name, resource, tenantId, month, sealed, documents }) => {
    const row = rows.get(partitionKey({ dataType: dataTypeOf(resource), tenantId, month }));
    const waiting = (row?.sourceRows ?? 0) - (documents ?? 0);
    if (sealed === undefined || waiting <= 0) return [];
    const count = documents === undefined ? "up to " : "";
    return [`${name} takes no documents, for ${sealed}: ${count}${waiting} rows of its month wait for it.`];
  });
}

/** As the next run will put it down. */
function unproven(records: readonly PartitionRecord[]): PartitionRecord[] {
  return records.map((record) => (record.state === "verified" ? { ...record, state: "copied" } : record));
}

/** Rows of each partition in PostgreSQL; undefined when counting takes too long. */
async function countSource(connections: Connections, tenantIds: readonly string[], notes: string[]) {
  const counts = await countSourceRows(connections, { dataTypes, tenantIds });
  if (counts === undefined) {
    notes.push(`Counting the rows in PostgreSQL took longer than ${countTimeout}; they are left out.`);
  }
  return counts;
}

function coverage(
  known: readonly PartitionRecord[],
  indices: StatusReport["indices"],
  counts: ReadonlyMap<string, Partition & { rows: number }> | undefined,
): CoverageRow[] {
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
      sourceRows: counts === undefined ? null : (counts.get(key)?.rows ?? 0),
      targetDocuments: documents.get(key) ?? 0,
      state: states.get(key) ?? "planned",
    }));
}

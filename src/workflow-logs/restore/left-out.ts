import type { Pool, PoolClient } from "pg";
import { fingerprintOf } from "../compare/stable-document.ts";
import type { DataType, Partition } from "../partitions/log-types.ts";
import type { ArchivedRow } from "./documents/archived-row.ts";

/** Documents that are not brought back, by their ids. */
export interface LeftOut {
  /**
   * The platform itself deleted the row, or the run of a node execution that had been purged before: the last thing
   * that was noted of it says so, or said so and was applied.
   */
  readonly deleted: ReadonlySet<string>;
  /** The row was purged from another month, which has its newer document. */
  readonly elsewhere: ReadonlyMap<string, string>;
  /** The document is not the one that was purged, or none that is known, for this reason. */
  readonly unproven: ReadonlyMap<string, string>;
}

export const nothingLeftOut: LeftOut = { deleted: new Set(), elsewhere: new Map(), unproven: new Map() };

/** Call in the transaction that inserts the rows: whatever was committed before is seen. */
export async function whatIsLeftOut(
  client: PoolClient,
  partition: Partition,
  absent: readonly ArchivedRow[],
  includeDeleted: boolean,
): Promise<LeftOut> {
  if (absent.length === 0) return nothingLeftOut;
  const deleted = await deletedByPlatform(client, partition, absent);
  const journal = await journalOf(client, partition, absent);
  const elsewhere = [...journal].filter(([, { month }]) => month !== partition.month);
  const wasPurged = await wasPurgedFrom(client, partition);
  const unproven = absent.flatMap(({ id, source }): [string, string][] => {
    const entry = journal.get(id);
    if (entry === undefined) return wasPurged && !deleted.has(id) ? [[id, unknownDocument]] : [];
    return isAltered(entry, partition, source) ? [[id, alteredDocument]] : [];
  });
  return {
    deleted: includeDeleted ? new Set() : deleted,
    elsewhere: new Map(elsewhere.map(([id, { month }]) => [id, month])),
    unproven: new Map(unproven),
  };
}

/** Whether the document is that of a purged row, and not what it was then. */
export async function isAlteredDocument(
  pool: Pool,
  partition: Partition,
  id: string,
  source: Buffer,
): Promise<boolean> {
  const entry = (await journalOf(pool, partition, [{ id }])).get(id);
  return entry !== undefined && isAltered(entry, partition, source);
}

function isAltered({ month, fingerprint }: JournalEntry, partition: Partition, source: Buffer): boolean {
  return month === partition.month && fingerprint !== null && fingerprint !== fingerprintOf(source).toString("hex");
}

const alteredDocument =
  "the document is not what it was when its row was purged: somebody has changed it since; --accept-unproven takes it as it is";
const unknownDocument =
  "nothing is known of this document: its row was neither purged nor is it noted as deleted by the platform; --accept-unproven takes it";

async function deletedByPlatform(
  client: PoolClient,
  { dataType }: Partition,
  rows: readonly ArchivedRow[],
): Promise<Set<string>> {
  const ids = rows.map(({ id }) => id);
  const deleted = await deletedOf(client, dataType, ids);
  if (dataType !== "node_executions") return new Set(deleted.keys());
  const runs = await deletedOf(client, "workflow_runs", [...new Set(rows.map(runOf))]);
  const ofRuns = rows.flatMap((row) => {
    const at = runs.get(runOf(row));
    return at === undefined ? [] : [{ id: row.id, at }];
  });
  const outlived = await purgedLater(client, ofRuns);
  return new Set([...deleted.keys(), ...ofRuns.flatMap(({ id }) => (outlived.has(id) ? [] : [id]))]);
}

/**
 * Node executions that were still there when their run was deleted, and were purged after that: the platform left them.
 */
async function purgedLater(
  client: PoolClient,
  records: readonly { readonly id: string; readonly at: string }[],
): Promise<Set<string>> {
  if (records.length === 0) return new Set();
  const later = await client.query<{ id: string }>(
    `select p.record_id as id from unnest($1::text[], $2::timestamptz[]) r(record_id, at)
       join log_archive.purged_rows p on p.data_type = 'node_executions' and p.record_id = r.record_id and p.purged_at > r.at`,
    [records.map(({ id }) => id), records.map(({ at }) => at)],
  );
  return new Set(later.rows.map(({ id }) => id));
}

function runOf({ fields }: ArchivedRow): string {
  const id = fields.get("workflow_run_id");
  return typeof id === "string" ? id : "";
}

/** By their ids, when: an ISO timestamp. */
async function deletedOf(client: PoolClient, dataType: DataType, ids: readonly string[]): Promise<Map<string, string>> {
  const deleted = await client.query<{ id: string; at: string }>(
    `select id, to_json(max(at))#>>'{}' as at from (
       select record_id as id, deleted_at as at from log_archive.deleted_rows where data_type = $1 and record_id = any($2::text[])
       union all
       select id, at from (select distinct on (record_id) record_id as id, written_at as at, operation from log_archive.dirty_rows
                        where data_type = $1 and record_id = any($2::text[]) and operation <> 'T'
                        order by record_id, version desc) last where operation = 'D') known group by id`,
    [dataType, ids],
  );
  return new Map(deleted.rows.map(({ id, at }) => [id, at]));
}

interface JournalEntry {
  readonly id: string;
  readonly month: string;
  /** In hexadecimal. */
  readonly fingerprint: string | null;
}

async function journalOf(
  client: Pool | PoolClient,
  { dataType }: Partition,
  rows: readonly Pick<ArchivedRow, "id">[],
): Promise<Map<string, JournalEntry>> {
  const entries = await client.query<JournalEntry>(
    "select record_id as id, month, encode(fingerprint, 'hex') as fingerprint from log_archive.purged_rows where data_type = $1 and record_id = any($2::text[])",
    [dataType, rows.map(({ id }) => id)],
  );
  return new Map(entries.rows.map((entry) => [entry.id, entry]));
}

/**
 * Whether every document of the partition that has no row should be accounted for: not where logs were written into
 * Elasticsearch alone.
 */
async function wasPurgedFrom(client: PoolClient, { dataType, tenantId, month }: Partition): Promise<boolean> {
  const found = await client.query(
    `select from log_archive.partitions p where (data_type, tenant_id, month) = ($1, $2, $3) and purged_since is not null
       and not exists (select from log_archive.direct_writes d where (d.data_type, d.tenant_id, d.month) = ($1, $2, $3))`,
    [dataType, tenantId, month],
  );
  return found.rowCount === 1;
}

/**
 * These rows are back because somebody asked for it: notes of their deletion say no more than where documents of theirs
 * may lie.
 */
export async function forgetDeletions(
  client: PoolClient,
  { dataType }: Partition,
  ids: readonly string[],
): Promise<void> {
  await client.query(
    "update log_archive.dirty_rows set operation = 'T' where data_type = $1 and record_id = any($2::text[]) and operation = 'D'",
    [dataType, ids],
  );
}

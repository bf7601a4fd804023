import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import { asOwnWrite } from "../capture/capture-function.ts";
import type { StateDatabase } from "../state/database.ts";
import { journalOffloadedFiles, type OffloadedFile } from "../state/cleanup/offloaded-files.ts";
import { journalPurged, type PurgedRow } from "../state/cleanup/purged-rows.ts";
import { hasColumn, hasIndexOn, sqlIdType, type Table } from "../../stores/postgres/table.ts";
import { markOf } from "../compare/stable-document.ts";
import type { Partition } from "../partitions/log-types.ts";
import { type Effects, effectsOf, type KnownActors, requireSameActors, touchedOthers } from "./key-effects.ts";
import type { PurgeNote } from "./purge-note.ts";

/** A version of a row, and of its offload rows, that was compared and found equal. */
export interface ComparedRow extends Pick<PurgeNote, "xmin" | "offloads" | "bytes"> {
  readonly id: string;
  /** As Elasticsearch gave it; undefined where retention has dropped the index. */
  readonly document: Buffer | undefined;
}

export interface Deletion extends KnownActors {
  readonly state: StateDatabase;
  readonly partition: Partition;
  readonly run: { readonly id: string; readonly expired: boolean };
  readonly table: Table;
  /** SQL that is NULL when the row `t` may go, looked at once more by the statement that deletes it. */
  readonly keepReason: string;
  readonly offloads: Table | undefined;
  /** Tables whose rows belong to the rows deleted, by their workflow_run_id. */
  readonly children: readonly Table[];
  readonly atStep: AtStep;
}

/** Places in a purge where a test may write into the tables or end it. */
export type PurgeStep =
  | "read"
  | "compared"
  | "begun"
  | "offloads_deleted"
  | "rows_deleted"
  | "journalled"
  | "committed";
export type AtStep = (step: PurgeStep) => Promise<void> | void;

export type DeleteEnd = "deleted" | "changed" | "locked";

/** Short beside what an application waits for; the rows are left alone and tried again later. */
const lockTimeout = "100ms";
/** Ends what would hold locks on the platform's rows for long. */
const statementTimeout = "2s";
/** Before anything is locked. */
const searchTimeout = "60s";
const sessionSettings = `set local lock_timeout = '${lockTimeout}'; set local statement_timeout = '${searchTimeout}';
  set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off; ${asOwnWrite}`;

class ChangedSinceCompared extends Error {}

/**
 * Deletes exactly the versions that were compared, with their offload rows, and writes the journal, in one short
 * transaction; or nothing: when one of them is another now or gone, when a rule keeps one, when an offload row or
 * something that belongs to a run was added, or when a lock is held.
 */
export async function deleteRows(deletion: Deletion, rows: readonly ComparedRow[]): Promise<DeleteEnd> {
  const { state, partition, run, foreignKeys, atStep } = deletion;
  try {
    await state
      .transaction()
      .setIsolationLevel("read committed")
      .execute(async (transaction) => {
        await sql.raw(sessionSettings).execute(transaction);
        await atStep("begun");
        await refuseNewChildren(transaction, deletion, rows, "unindexed");
        const before = await effectsOf(transaction, foreignKeys);
        await sql.raw(`set local statement_timeout = '${statementTimeout}'`).execute(transaction);
        await journalOffloadedFiles(transaction, partition, await deleteOffloads(transaction, deletion, rows));
        await atStep("offloads_deleted");
        const [journal] = await Promise.all([journalOf(rows), deleteVersions(transaction, deletion, rows)]);
        await atStep("rows_deleted");
        await refuseEffects(transaction, deletion, rows, before);
        await refuseNewOffloads(transaction, deletion, rows);
        await refuseNewChildren(transaction, deletion, rows, "indexed");
        await journalPurged(transaction, partition, run, journal);
        await atStep("journalled");
      });
    await atStep("committed");
    return "deleted";
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (error instanceof ChangedSinceCompared || stillReferredTo.has(code)) return "changed";
    if (lockConflicts.has(code)) return "locked";
    throw error;
  }
}

/**
 * Something that refers to a row came after the rules were looked at; they see it the next time. The second is what
 * ON DELETE RESTRICT says since PostgreSQL 18.
 */
const stillReferredTo = new Set(["23503", "23001"]);

/**
 * Lock timeout, statement timeout, deadlock, serialization failure:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const lockConflicts = new Set(["55P03", "57014", "40P01", "40001"]);

/** Returns the files that the offload rows named. */
async function deleteOffloads(
  db: StateDatabase,
  { offloads }: Deletion,
  rows: readonly ComparedRow[],
): Promise<readonly OffloadedFile[]> {
  const versions = rows.flatMap((row) => row.offloads ?? []);
  if (offloads === undefined || versions.length === 0) return [];
  const file = sql.raw(hasColumn(offloads, "file_id") ? "t.file_id::text" : "null");
  const deleted = await deleteExactly<OffloadedFile>(
    db,
    offloads,
    versions,
    sql`true`,
    sql`t.id::text as "offloadId", t.node_execution_id::text as "recordId", ${file} as "fileId"`,
  );
  return deleted.filter(({ fileId }) => fileId !== null);
}

async function deleteVersions(db: StateDatabase, deletion: Deletion, rows: readonly ComparedRow[]): Promise<void> {
  const { table, partition, keepReason } = deletion;
  await deleteExactly(
    db,
    table,
    rows.map(({ id, xmin }) => [id, xmin]),
    sql`t.tenant_id = ${partition.tenantId} and (${sql.raw(keepReason)}) is null`,
  );
}

/** Hashes the documents when the statement that deletes their rows is on its way: the server works meanwhile. */
async function journalOf(rows: readonly ComparedRow[]): Promise<PurgedRow[]> {
  await nextTurn();
  return rows.map(({ id, offloads, document }) => ({
    id,
    offloadRows: offloads?.length ?? 0,
    document: document && markOf(document),
  }));
}

/** xmin is read and compared as the number it is; frozen rows keep theirs. */
async function deleteExactly<Deleted>(
  db: StateDatabase,
  table: Table,
  versions: readonly (readonly [id: string, xmin: string])[],
  condition: ReturnType<typeof sql>,
  returning = sql`t.id`,
): Promise<readonly Deleted[]> {
  const result = await sql<Deleted>`delete from ${sql.raw(table.sqlName)} t
    using unnest(${versions.map(([id]) => id)}::${idArray(table)}, ${versions.map(([, xmin]) => xmin)}::xid[]) v(id, xmin)
    where t.id = v.id and t.xmin = v.xmin and ${condition} returning ${returning}`.execute(db);
  if (result.rows.length !== versions.length) throw new ChangedSinceCompared();
  return result.rows;
}

/** Nothing but the rows compared was deleted or changed, not by the action of a foreign key either. */
async function refuseEffects(
  db: StateDatabase,
  { foreignKeys, deleteTriggers, table, offloads }: Deletion,
  rows: readonly ComparedRow[],
  before: Effects,
): Promise<void> {
  const deleted = new Map([[table.sqlName, rows.length]]);
  if (offloads !== undefined) {
    const versions = rows.reduce((sum, row) => sum + (row.offloads?.length ?? 0), 0);
    deleted.set(offloads.sqlName, versions);
  }
  await requireSameActors(db, [...deleted.keys()], { foreignKeys, deleteTriggers });
  if (touchedOthers(before, await effectsOf(db, foreignKeys), deleted)) throw new ChangedSinceCompared();
}

async function refuseNewOffloads(
  db: StateDatabase,
  { offloads, table }: Deletion,
  rows: readonly ComparedRow[],
): Promise<void> {
  if (offloads === undefined) return;
  const found = await sql<{ found: boolean }>`select exists (select from ${sql.raw(offloads.sqlName)} o
    where o.node_execution_id = any(${rows.map(({ id }) => id)}::${idArray(table)})) as found`.execute(db);
  if (found.rows[0]!.found) throw new ChangedSinceCompared();
}

/**
 * What belongs to a run is looked for once more after the runs are deleted, to see also what was written last; where no
 * index serves, before that, so that no lock is held while the entries of the runs' apps are searched.
 */
async function refuseNewChildren(
  db: StateDatabase,
  { table, children, partition }: Deletion,
  rows: readonly ComparedRow[],
  kind: "indexed" | "unindexed",
): Promise<void> {
  const ids = sql`${rows.map(({ id }) => id)}::${idArray(table)}`;
  for (const child of children) {
    const isIndexed = hasIndexOn(child, ["workflow_run_id"]);
    if (isIndexed !== (kind === "indexed")) continue;
    const same = ["app_id", "workflow_id"].filter((column) => hasColumn(child, column) && hasColumn(table, column));
    const narrower = same.map(
      (column) =>
        sql`and c.${sql.ref(column)} = any(array(select distinct t.${sql.ref(column)} from ${sql.raw(table.sqlName)} t where t.id = any(${ids})))`,
    );
    const found = await sql<{ found: boolean }>`select exists (select from ${sql.raw(child.sqlName)} c
      where c.workflow_run_id = any(${ids}) and c.tenant_id = ${partition.tenantId} ${isIndexed ? sql`` : sql.join(narrower, sql` `)}) as found`.execute(
      db,
    );
    if (found.rows[0]!.found) throw new ChangedSinceCompared();
  }
}

function idArray(table: Table): ReturnType<typeof sql> {
  return sql.raw(`${sqlIdType(table)}[]`);
}

import { retryOnConflict } from "../../stores/postgres/connection/conflicts.ts";
import type { Pool, PoolClient } from "pg";
import { AppError } from "../../engine/errors.ts";
import type { Receipt, Refusal, Sink } from "../../engine/ports.ts";
import { asOwnWrite } from "../capture/capture-function.ts";
import type { InsertColumn } from "../../stores/postgres/insert-columns.ts";
import { sqlIdType } from "../../stores/postgres/table.ts";
import { type Partition, partitionKey } from "../partitions/log-types.ts";
import { monthBounds } from "../partitions/months.ts";
import type { TimeRange } from "../partitions/scope.ts";
import type { ArchivedBatch } from "./documents/archived-batches.ts";
import { type ArchivedRow, ArchivedRows, UnreadableDocument } from "./documents/archived-row.ts";
import { RowLines, type RowWithLine } from "./documents/row-lines.ts";
import { utcTimestamp } from "./columns/column-text.ts";
import { compareRows, type RowComparison } from "./compare-rows.ts";
import { joinLines } from "../../stores/postgres/copy/copy-lines.ts";
import { copyRows, insertRows, mayBeInTheWay, takesCopy } from "./insert-rows.ts";
import { isWithin } from "./is-within.ts";
import { Outcome } from "./row-fates.ts";
import { InexactRows, rowRefusal } from "./refused-rows.ts";
import { forgetDeletions, type LeftOut, nothingLeftOut, whatIsLeftOut } from "./left-out.ts";
import { type OffloadTable, restoreOffloads } from "./restore-offloads.ts";

export interface RowRestore {
  readonly pool: Pool;
  readonly partition: Partition;
  /** Bounds of created_at in UTC. */
  readonly range: TimeRange;
  readonly comparison: RowComparison;
  readonly columns: readonly InsertColumn[];
  readonly offloads: OffloadTable | undefined;
  readonly includeDeleted: boolean;
  readonly acceptUnproven: boolean;
  /** What we remember of the rows is there to be asked. */
  readonly hasState: boolean;
  /** Undefined in a dry run, which only reads. */
  readonly writing: { readonly runId: string; readonly beforeInsert: () => Promise<void> } | undefined;
  /** Awaited before each transaction. */
  readonly unpaused: () => Promise<void>;
}

export interface RestoreReceipt extends Receipt {
  /** What became of the documents. */
  readonly outcome: Outcome;
}

/**
 * Every statement is served by the primary key; a plan that scans the table would do so for each batch. Nothing is
 * captured: the rows are what their documents are, and a copy of them could only take away what a document has beside
 * its row, such as the contents of a file that is gone.
 */
const transactionSettings = `set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off; ${asOwnWrite}`;

/** Tried again as a conflict with another transaction, which it is. */
class NotedMeanwhile extends Error {
  readonly code = "40001";
}

/** By COPY into the table itself, or past rows that are in the way. */
type InsertWay = "copy" | "insert";

/**
 * Puts archived rows back where they are missing, a batch in one short transaction together with their offload rows and
 * the end of their entries in the journal of purges. What is there already is compared and left alone. Before it
 * commits, every row is read back and compared with its document: one that PostgreSQL does not keep exactly is refused.
 */
export class RowRestorer implements Sink<ArchivedBatch, RestoreReceipt> {
  private readonly what: RowRestore;
  private readonly documents = new ArchivedRows();
  private readonly lines: RowLines;
  private readonly month: TimeRange;
  private takesCopy: Promise<boolean> | undefined;

  constructor(what: RowRestore) {
    this.what = what;
    this.month = monthBounds(what.partition.month);
    const { table } = what.comparison;
    this.lines = new RowLines(
      table.name,
      what.columns,
      table.columns.map(({ name }) => name),
    );
  }

  async write(batch: ArchivedBatch): Promise<RestoreReceipt> {
    const outcome = new Outcome();
    const rows: RowWithLine[] = [];
    for (const [id, source] of batch.sources) {
      const row = this.read(id, source, outcome);
      if (row !== undefined) rows.push(row);
    }
    if (rows.length > 0) outcome.join(await this.restore(rows));
    const refused = refusals(outcome, this.table);
    return { written: batch.records - refused.length, refused, outcome };
  }

  private get table(): string {
    return this.what.comparison.table.name;
  }

  /** Undefined for a document outside the range, and for one that cannot be a row of the partition. */
  private read(id: string, source: Buffer, outcome: Outcome): RowWithLine | undefined {
    const { partition, range } = this.what;
    try {
      const row = this.documents.read(id, source);
      const createdAt = utcTimestamp(String(row.fields.get("created_at")));
      if (createdAt === undefined || !isWithin(createdAt, this.month))
        throw new UnreadableDocument("its created_at lies in another month than its index");
      if (!isWithin(createdAt, range)) return undefined;
      if (row.fields.get("tenant_id") !== partition.tenantId)
        throw new UnreadableDocument("it belongs to another tenant");
      return this.lines.of(row);
    } catch (error) {
      if (!(error instanceof UnreadableDocument)) throw error;
      outcome.refuse(this.table, id, `the document is not as this program wrote it: ${error.message}`);
      return undefined;
    }
  }

  /** Halves the rows until those that PostgreSQL refuses stand alone. */
  private async restore(rows: readonly RowWithLine[]): Promise<Outcome> {
    try {
      return await this.restoreTogether(rows);
    } catch (error) {
      const outcome = new Outcome();
      if (error instanceof InexactRows) {
        const others = rows.filter(({ id }) => !error.rows.has(id));
        for (const row of rows) {
          const differing = error.rows.get(row.id);
          if (differing !== undefined)
            this.refuse(
              row,
              `PostgreSQL does not keep it exactly: ${differing.join(", ")} came out different`,
              outcome,
            );
        }
        if (others.length > 0) outcome.join(await this.restore(others));
        return outcome;
      }
      const reason = rowRefusal(error);
      if (reason === undefined) throw error;
      if (rows.length === 1) {
        this.refuse(rows[0]!, reason, outcome);
        return outcome;
      }
      const half = Math.ceil(rows.length / 2);
      outcome.join(await this.restore(rows.slice(0, half)));
      outcome.join(await this.restore(rows.slice(half)));
      return outcome;
    }
  }

  private refuse(row: ArchivedRow, reason: string, outcome: Outcome): void {
    outcome.refuse(this.table, row.id, reason);
    const { offloads } = this.what;
    if (offloads !== undefined && row.offloads.length > 0)
      outcome.add(offloads.table.name, "refused", row.offloads.length);
  }

  private async restoreTogether(rows: readonly RowWithLine[]): Promise<Outcome> {
    const { pool, comparison } = this.what;
    const takes = await (this.takesCopy ??= takesCopy(pool, comparison.table));
    try {
      return await retryOnConflict(() => this.restoreInTransaction(rows, takes ? "copy" : "insert"));
    } catch (error) {
      if (!takes || !mayBeInTheWay(error)) throw error;
      return retryOnConflict(() => this.restoreInTransaction(rows, "insert"));
    }
  }

  private async restoreInTransaction(rows: readonly RowWithLine[], way: InsertWay): Promise<Outcome> {
    const { pool, writing, unpaused } = this.what;
    await unpaused();
    const client = await pool.connect();
    let isClean = false;
    try {
      const absent = await this.absent(client, rows);
      if (absent.length > 0) await writing?.beforeInsert();
      await client.query(`begin ${writing === undefined ? "read only" : ""}; ${transactionSettings}`);
      const outcome = await this.inTransaction(client, rows, absent, way);
      await client.query("commit");
      isClean = true;
      return outcome;
    } catch (error) {
      isClean = await client.query("rollback").then(
        () => true,
        () => false,
      );
      throw error;
    } finally {
      client.release(!isClean);
    }
  }

  private async inTransaction(
    client: PoolClient,
    all: readonly RowWithLine[],
    allAbsent: readonly RowWithLine[],
    way: InsertWay,
  ): Promise<Outcome> {
    const { partition, comparison, offloads, writing, includeDeleted, acceptUnproven, hasState } = this.what;
    if (writing !== undefined) await requireOwnership(client, partition, writing.runId);
    const outcome = new Outcome();
    const leftOut = hasState ? await whatIsLeftOut(client, partition, allAbsent, includeDeleted) : nothingLeftOut;
    this.note(leftOut, outcome);
    if (writing !== undefined) await keepAsDeleted(client, partition, [...leftOut.deleted]);
    const isLeftOut = ({ id }: ArchivedRow): boolean =>
      leftOut.deleted.has(id) || leftOut.elsewhere.has(id) || (!acceptUnproven && leftOut.unproven.has(id));
    const rows = all.filter((row) => !isLeftOut(row));
    const absent = allAbsent.filter((row) => !isLeftOut(row));
    const inserted = writing === undefined ? new Set<string>() : await this.insert(client, absent, way);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const compared = await compareRows(client, comparison, partition.tenantId, byId);
    const [unchanged, changed]: [ArchivedRow[], ArchivedRow[]] = [[], []];
    const inexact = new Map<string, readonly string[]>();
    for (const row of rows) {
      const differing = compared.get(row.id);
      if (differing === undefined && writing !== undefined)
        this.refuse(row, "another row has its id or another of its unique keys", outcome);
      else if (differing === undefined || inserted.has(row.id)) {
        if (differing !== undefined && differing.length > 0) inexact.set(row.id, differing);
        outcome.add(this.table, "restored");
        unchanged.push(row);
      } else if (differing.length > 0) {
        outcome.differs(this.table, row.id, differing);
        changed.push(row);
      } else {
        outcome.add(this.table, "present");
        unchanged.push(row);
      }
    }
    if (inexact.size > 0) throw new InexactRows(inexact);
    if (offloads !== undefined) {
      const standing = rows.filter((row) => row.offloads.length > 0 && !inserted.has(row.id)).map(({ id }) => id);
      const noted = await this.noted(client, standing);
      const nodes = { unchanged, changed, noted, dryRun: writing === undefined };
      const completed = await restoreOffloads(client, offloads, nodes, outcome);
      // what the platform has deleted since the look before is seen by now, and would be back
      const stood = [...completed].filter((id) => !inserted.has(id));
      if ((await this.noted(client, stood)).size > 0) throw new NotedMeanwhile();
    }
    if (writing !== undefined) await forgetGone(client, partition, [...compared.keys()]);
    if (writing !== undefined && includeDeleted)
      await forgetDeletions(
        client,
        partition,
        [...inserted].filter((id) => compared.has(id)),
      );
    return outcome;
  }

  /** Rows of which a write of the platform waits to be applied: of these PostgreSQL knows more than their documents. */
  private async noted(client: PoolClient, ids: readonly string[]): Promise<Set<string>> {
    const { hasState, partition } = this.what;
    if (!hasState || ids.length === 0) return new Set();
    const found = await client.query<{ id: string }>(
      "select distinct record_id as id from log_archive.dirty_rows where data_type = $1 and record_id = any($2::text[])",
      [partition.dataType, ids],
    );
    return new Set(found.rows.map(({ id }) => id));
  }

  /** Returns the ids of those inserted: without triggers that leave rows out, all of them. */
  private async insert(client: PoolClient, rows: readonly RowWithLine[], way: InsertWay): Promise<Set<string>> {
    const { table } = this.what.comparison;
    if (rows.length === 0) return new Set();
    const groups = [...Map.groupBy(rows, ({ plan }) => plan)].map(([{ columns }, some]) => ({
      columns,
      chunks: joinLines(some.map(({ line }) => line)),
    }));
    if (way === "insert") return insertRows(client, table, groups);
    await copyRows(client, table, groups);
    return new Set(rows.map(({ id }) => id));
  }

  private note({ deleted, elsewhere, unproven }: LeftOut, outcome: Outcome): void {
    outcome.add(this.table, "deleted", deleted.size);
    for (const [id, reason] of unproven) {
      if (deleted.has(id)) continue;
      if (this.what.acceptUnproven) outcome.accept(this.table, id, reason);
      else outcome.refuse(this.table, id, reason);
    }
    for (const [id, month] of elsewhere)
      outcome.refuse(
        this.table,
        id,
        `an older document: what was purged is the one of ${month}; app elasticsearch validate --full --delete-extra takes this one away`,
      );
  }

  private async absent(client: PoolClient, rows: readonly RowWithLine[]): Promise<RowWithLine[]> {
    const { table } = this.what.comparison;
    const idType = sqlIdType(table);
    const found = await client.query<{ id: string }>(
      `select t.id::text as id from ${table.sqlName} t where t.id = any($1::${idType}[])`,
      [rows.map(({ id }) => id)],
    );
    const there = new Set(found.rows.map(({ id }) => id));
    return rows.filter(({ id }) => !there.has(id));
  }
}

/** Keeps another run from taking the partition over before this transaction has ended, and throws when one has. */
async function requireOwnership(client: PoolClient, partition: Partition, runId: string): Promise<void> {
  const owned = await client.query(
    `select from log_archive.partitions where data_type = $1 and tenant_id = $2 and month = $3 and run_id = $4 for share`,
    [partition.dataType, partition.tenantId, partition.month, runId],
  );
  if (owned.rowCount === 1) return;
  throw new AppError("partition_taken_over", `Another run has taken over ${partitionKey(partition)}.`, {
    hint: "Let that run finish, then run the same command again: rows restored already are left as they are.",
  });
}

/**
 * Documents of purged rows that the platform deleted since, with their run, are kept for that reason now, and not lost.
 */
async function keepAsDeleted(
  client: PoolClient,
  { dataType, tenantId, month }: Partition,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await client.query(
    `with purged as (delete from log_archive.purged_rows where data_type = $1 and record_id = any($2::text[]) returning record_id)
     insert into log_archive.deleted_rows (data_type, record_id, tenant_id, month) select $1, record_id, $3, $4 from purged
     on conflict (data_type, record_id) do nothing`,
    [dataType, ids, tenantId, month],
  );
}

/** Rows that are in PostgreSQL, however they came there, are not purged or deleted ones. */
async function forgetGone(client: PoolClient, { dataType }: Partition, ids: readonly string[]): Promise<void> {
  for (const journal of ["purged_rows", "deleted_rows"])
    await client.query(`delete from log_archive.${journal} where data_type = $1 and record_id = any($2::text[])`, [
      dataType,
      ids,
    ]);
}

function refusals({ findings }: Outcome, table: string): Refusal[] {
  return findings
    .filter((finding) => finding.kind === "refused" && finding.table === table)
    .map(({ id, reason }) => ({ id, type: "not_restorable", reason }));
}

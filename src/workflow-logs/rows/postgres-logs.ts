import type { Pool, PoolClient } from "pg";
import type { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { ConfirmedRange } from "../state/partitions/checkpoints.ts";
import type { DocumentRenderer } from "../documents/document-renderer.ts";
import type { LogType, Partition } from "../partitions/log-types.ts";
import type { TimeRange } from "../partitions/scope.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import { overlapWindow } from "../partitions/overlap-window.ts";
import { monthExpression } from "../partitions/plan-query.ts";
import { sqlIdType } from "../../stores/postgres/table.ts";
import { type BatchLimits, expectedGrowth, readRows, type RowBatch, type RowReader } from "./row-batches.ts";
import {
  type Cursor,
  idsInRangeQuery,
  lateIdsQuery,
  type Listing,
  locateQuery,
  pageQuery,
  rowsByIdQuery,
} from "./row-query.ts";

// src/workflow-logs/rows reads the log tables in a fixed order, page by page, as batches of finished request bodies.
// It never writes, and never keeps a snapshot for longer than one page.

/**
 * Every page must be served by an index: a plan with a sequential scan or a hash of the whole table would read all of
 * it once per page. The just-in-time compiler costs more than such short statements take.
 */
const pageSettings =
  "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off; set max_parallel_workers_per_gather = 0";
const resetPageSettings =
  "reset enable_seqscan; reset enable_hashjoin; reset enable_mergejoin; reset jit; reset max_parallel_workers_per_gather";

/** More make the statement long to parse and plan. */
const idsPerQuery = 5000;

export interface LocatedRow {
  readonly tenantId: string;
  /** Null where the tenant id or created_at names no index. */
  readonly month: string | null;
  /** The source's own time, with six digits. */
  readonly createdAt: string;
}

/** A partition's rows, and the zone that their created_at is in. */
export interface RowsOf extends Pick<Partition, "tenantId" | "month"> {
  readonly timeZone: string;
}

export interface ReadOptions {
  readonly renderer: DocumentRenderer;
  readonly bodies: BulkBodies;
  readonly limits: BatchLimits;
  /** The documents hold the contents that were offloaded: these count as bytes of their batch. */
  readonly countContents?: boolean;
  /** Awaited before each page. */
  readonly beforePage?: (signal: AbortSignal) => Promise<void>;
}

/** Reads the rows of one log table out of PostgreSQL, as documents ready to be sent. */
export class PostgresLogs {
  readonly source: SourceTable;
  private readonly pool: Pool;

  constructor(pool: Pool, source: SourceTable) {
    this.pool = pool;
    this.source = source;
  }

  get logType(): LogType {
    return this.source.logType;
  }

  /**
   * The rows of the tenant in `range` behind `after`, in the order (created_at, id), one short statement for each page.
   */
  async *pages(
    listing: Listing,
    tenantId: string,
    range: TimeRange,
    after: Cursor | undefined,
    options: ReadOptions,
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch> {
    const { table, layout } = this.source;
    yield* this.withPageConnection(options, async function* (reader) {
      let cursor = after;
      let growth = expectedGrowth;
      while (!signal.aborted) {
        await options.beforePage?.(signal);
        const { rows, bytes: requestBytes } = options.limits;
        const bytes = pageBytes(requestBytes, growth);
        const page = await readPage(
          reader,
          pageQuery(table, layout, listing, { tenantId, ...range, after: cursor, rows, bytes }),
        );
        if (page.length === 0) return;
        cursor = page.at(-1)!.end;
        growth = nextGrowth(growth, page, requestBytes);
        yield* page;
      }
    });
  }

  /**
   * The rows with these ids that are in the partition when they are read, a page at a time: one that has moved belongs
   * to another index, and counts as gone here. `isUnchanged` leaves documents out that were written before.
   */
  async *rowsById(
    { tenantId, month, timeZone }: RowsOf,
    ids: AsyncIterable<readonly string[]>,
    options: ReadOptions & Pick<RowReader, "isUnchanged">,
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch> {
    const { table, layout } = this.source;
    const home = { tenantId, month: { value: month, of: monthExpression({ table, timeZone }) } };
    yield* this.withPageConnection(options, async function* (reader) {
      for await (const some of ids) {
        for (let left = some; left.length > 0 && !signal.aborted;) {
          await options.beforePage?.(signal);
          const page = await readPage(
            reader,
            rowsByIdQuery(table, layout, home, left, pageBytes(options.limits.bytes)),
          );
          left = left.slice(left.indexOf(page.at(-1)!.end.id) + 1);
          yield* page;
        }
      }
    });
  }

  /** Ids of the rows in the overlap window before the end of a confirmed range, a page at a time. */
  async lateIds(listing: Listing, tenantId: string, range: ConfirmedRange): Promise<string[]> {
    const query = lateIdsQuery(this.source.table, listing, tenantId, range, overlapWindow);
    return (await this.byIndex<{ id: string }>(query)).map((row) => row.id);
  }

  /** Ids of the rows listed in a range. */
  async idsIn(listing: Listing, tenantId: string, range: TimeRange): Promise<string[]> {
    const query = idsInRangeQuery(this.source.table, listing, tenantId, range);
    return (await this.byIndex<{ id: string }>(query)).map((row) => row.id);
  }

  /** Ids of all rows of a confirmed range. */
  async idsBehind(tenantId: string, range: ConfirmedRange): Promise<string[]> {
    const { table } = this.source;
    const query = lateIdsQuery(table, { sqlName: table.sqlName, isKeyTable: false }, tenantId, range, undefined);
    return (await this.byIndex<{ id: string }>(query)).map((row) => row.id);
  }

  /** The source's clock, as its created_at has it in this zone. */
  async now(timeZone: string): Promise<string> {
    const { rows } = await this.pool.query<{ now: string }>(
      "select to_char(clock_timestamp() at time zone $1, 'YYYY-MM-DD HH24:MI:SS.US') as now",
      [timeZone],
    );
    return rows[0]!.now;
  }

  /** Where the rows with these ids are now, whichever tenant has them; those that are gone are not in it. */
  async locate(ids: readonly string[], sourceTimeZone: string): Promise<Map<string, LocatedRow>> {
    const { table } = this.source;
    const month = monthExpression({ table, timeZone: zoneOf(this.source, sourceTimeZone) });
    const found = new Map<string, LocatedRow>();
    for (let at = 0; at < ids.length; at += idsPerQuery) {
      const rows = await this.byIndex<LocatedRow & { id: string }>(locateQuery(table, month), [
        ids.slice(at, at + idsPerQuery),
      ]);
      for (const { id, ...row } of rows) found.set(id, row);
    }
    return found;
  }

  /** How many rows the tenant has in the range. */
  async count(partition: Pick<Partition, "tenantId">, range: TimeRange): Promise<number> {
    const result = await this.pool.query<{ rows: string }>(
      `select count(*) as rows from ${this.source.table.sqlName} where tenant_id = $1 and created_at >= $2 and created_at < $3`,
      [partition.tenantId, range.from, range.to],
    );
    return Number(result.rows[0]!.rows);
  }

  /** How many rows the tenant has in the range behind a key. */
  async countBehind(
    { tenantId }: Pick<Partition, "tenantId">,
    range: TimeRange,
    after: Cursor | undefined,
  ): Promise<number> {
    const { table } = this.source;
    const result = await this.pool.query<{ rows: string }>(
      `select count(*) as rows from ${table.sqlName} where tenant_id = $1 and created_at >= $2 and created_at < $3
         and ($4::text is null or (created_at, id) > ($2, $4::text::${sqlIdType(table)}))`,
      [tenantId, after?.createdAt ?? range.from, range.to, after?.id ?? null],
    );
    return Number(result.rows[0]!.rows);
  }

  private async byIndex<Row extends object>(query: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.pool.connect();
    let finished = false;
    try {
      await client.query(pageSettings);
      const { rows } = await client.query<Row>(query, values);
      await client.query(resetPageSettings);
      finished = true;
      return rows;
    } finally {
      client.release(!finished); // its settings are not for others
    }
  }

  private async *withPageConnection(
    options: ReadOptions & Pick<RowReader, "isUnchanged">,
    read: (reader: RowReader) => AsyncGenerator<RowBatch>,
  ): AsyncGenerator<RowBatch> {
    const client: PoolClient = await this.pool.connect();
    let finished = false;
    try {
      await client.query(pageSettings);
      yield* read({ ...options, client, layout: this.source.layout, endedStatuses: this.logType.endedStatuses });
      await client.query(resetPageSettings);
      finished = true;
    } finally {
      client.release(!finished); // a connection left in the middle of a COPY is of no use to anyone
    }
  }
}

/**
 * A page is read whole before any of it is sent: its statement and snapshot must not last as long as Elasticsearch
 * takes.
 */
async function readPage(reader: RowReader, query: string): Promise<RowBatch[]> {
  const batches: RowBatch[] = [];
  await readRows(reader, query, (batch) => batches.push(batch));
  return batches;
}

/**
 * How much larger than their text documents are to be taken for, so that the next page makes one request: a page a
 * little larger than one leaves a small one behind it, which costs nearly as much.
 */
function nextGrowth(growth: number, page: readonly RowBatch[], requestBytes: number): number {
  const documentBytes = page.reduce((sum, batch) => sum + batch.bytes, 0);
  return Math.min(Math.max((growth * documentBytes) / (0.95 * requestBytes), leastGrowth), mostGrowth);
}

/** A page cut off by its rows shows too little growth, one with a single large row too much. */
const leastGrowth = 1.3;
const mostGrowth = 3;

/** Text of a page whose documents make one request. */
function pageBytes(requestBytes: number, growth = expectedGrowth): number {
  return Math.ceil(requestBytes / growth);
}

import type { PoolClient } from "pg";
import type { Refusal } from "../../engine/ports.ts";
import { BinaryRows, copyBinary } from "../../stores/postgres/copy/binary-rows.ts";
import { createPool, type Pool } from "../../stores/postgres/connection/pool.ts";
import { type CacheEntry } from "../entries/cache-entry.ts";
import type { CacheKind, CacheKinds } from "../entries/cache-kinds.ts";
import { type KvStore, type Page, pageBytes, pageEntries } from "../kv-store.ts";
import { takeEntries, takeEntry } from "../entries/take-entries.ts";
import type { PostgresSettings } from "../store-settings.ts";
import { postgresIdentity } from "./identities.ts";
import { appendRow, columnTypes, copyTarget, isText, type TableRow, tableRow } from "./postgres-rows.ts";
import { createTable, inIndexOrder, pageQuery, recordColumns, upsert } from "./postgres-sql.ts";

/** LightRAG's PGKVStorage: a row for each record, columns for its fields. */
export class PostgresStore implements KvStore {
  readonly type = "PGKVStorage";
  readonly workspace: string;
  readonly identity: string;
  private readonly pool: Pool;
  /** As it stands in the rows. */
  private readonly rowWorkspace: string;
  /** Their types. */
  private columns: ReadonlyMap<string, string>;

  private constructor({ workspace, url }: PostgresSettings, pool: Pool, columns: ReadonlyMap<string, string>) {
    this.workspace = workspace;
    this.rowWorkspace = workspace === "" ? "default" : workspace;
    this.identity = postgresIdentity(url, this.rowWorkspace);
    this.pool = pool;
    this.columns = columns;
  }

  /** The table need not be there. */
  static async open(settings: PostgresSettings): Promise<PostgresStore> {
    const pool = createPool(settings.url);
    try {
      return new PostgresStore(settings, pool, await findColumns(pool));
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  async count(kinds: CacheKinds): Promise<Map<CacheKind, number>> {
    if (this.columns.size === 0) return new Map();
    const { rows } = await this.pool.query<{ kind: CacheKind; entries: string }>(
      `select split_part(id, ':', 1) || ':' || split_part(id, ':', 2) as kind, count(*) as entries
         from lightrag_llm_cache where workspace = $1 and id like any ($2) group by 1`,
      [this.rowWorkspace, patterns(kinds)],
    );
    return new Map(rows.map(({ kind, entries }) => [kind, Number(entries)]));
  }

  /**
   * By keyset in the order of the primary key: OFFSET misses rows when others are deleted meanwhile, and gets slower
   * with every page.
   */
  async *read(kinds: CacheKinds, after: string | undefined, signal: AbortSignal): AsyncGenerator<Page> {
    if (this.columns.size === 0) return;
    const text = pageQuery(this.columns);
    const like = patterns(kinds);
    let last = after ?? "";
    const client = await this.pool.connect();
    try {
      await client.query(inIndexOrder);
      while (!signal.aborted) {
        const values = [this.rowWorkspace, last, like, pageEntries, pageBytes];
        const { rows } = await client.query<CacheRow>(text, values);
        if (rows.length === 0) return;
        yield { entries: rows.map(entryOf), cursorAfter: (index) => rows[index]!.id };
        last = rows.at(-1)!.id;
      }
    } finally {
      client.release(true); // with its settings
    }
  }

  async accepts(): Promise<boolean> {
    return true; // a cursor is the key before
  }

  async get(keys: readonly string[]): Promise<CacheEntry[]> {
    if (this.columns.size === 0) return [];
    const storable = keys.filter(isText);
    const { rows } = await this.pool.query<CacheRow>(
      `select ${recordColumns(this.columns)} from lightrag_llm_cache where workspace = $1 and id = any ($2)`,
      [this.rowWorkspace, storable],
    );
    return rows.map(entryOf);
  }

  async prepare(): Promise<void> {
    if (this.columns.size === 0) await this.pool.query(createTable);
    this.columns = await findColumns(this.pool);
    const missing = Object.keys(columnTypes).filter((column) => !this.columns.has(column));
    if (missing.length > 0) throw new OldTableError(missing);
  }

  async write(entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    const client = await this.pool.connect();
    try {
      return await this.put(client, entries);
    } catch (error) {
      await client.query("rollback").catch(() => {}); // the connection is lost, and with it what was begun
      throw error;
    } finally {
      client.release();
    }
  }

  /**
   * All or none of what is no refusal: by COPY what is not there, for it takes half the server's time, and by INSERT
   * what it could not replace.
   */
  private async put(client: PoolClient, entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    if (!this.copies) return this.upsert(client, entries);
    const there = await this.lookFor(client, entries);
    const isThere = ({ key }: CacheEntry): boolean => there.keys.has(key);
    if (there.keys.size === 0) return this.copy(client, entries, there.now);
    if (entries.every(isThere)) return this.upsert(client, entries);
    await client.query("begin");
    const fresh = await this.copy(
      client,
      entries.filter((entry) => !isThere(entry)),
      there.now,
    );
    const others = await this.upsert(client, entries.filter(isThere));
    await client.query("commit");
    return [...fresh, ...others];
  }

  /**
   * Each record is parsed when its turn comes and is gone when its row is sent: the server works meanwhile, and there
   * is no batch of garbage.
   */
  private async copy(client: PoolClient, entries: readonly CacheEntry[], now: bigint): Promise<readonly Refusal[]> {
    const refused: Refusal[] = [];
    const append = (rows: BinaryRows, entry: CacheEntry): Refusal | undefined =>
      takeEntry(entry, () => {
        const row = tableRow(entry, true);
        if ("reason" in row) return row;
        appendRow(rows, this.rowWorkspace, row, now);
        return undefined;
      });
    function* chunks(): Generator<Buffer> {
      const rows = new BinaryRows();
      for (const entry of entries) {
        const problem = append(rows, entry);
        if (problem !== undefined) refused.push(problem);
        else if (rows.isFull) yield rows.take();
      }
      yield rows.end();
    }
    await copyBinary(client, copyTarget, chunks());
    return refused;
  }

  private async upsert(client: PoolClient, entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    const rows: TableRow[] = [];
    const refused = takeEntries(entries, (entry) => {
      const row = tableRow(entry, false);
      if ("reason" in row) return row;
      rows.push(row);
      return undefined;
    });
    if (rows.length > 0) await client.query(upsert, this.upsertValues(rows));
    return refused;
  }

  /** Those of the keys that are there, and the server's time, in microseconds since 1970. */
  private async lookFor(
    client: PoolClient,
    entries: readonly CacheEntry[],
  ): Promise<{ readonly keys: ReadonlySet<string>; readonly now: bigint }> {
    const { rows } = await client.query<{ id: string | null; now: string }>(
      `select cache.id, (extract(epoch from localtimestamp) * 1000000)::bigint as now
         from (select) as always left join lightrag_llm_cache as cache on workspace = $1 and id = any ($2)`,
      [this.rowWorkspace, entries.map(({ key }) => key).filter(isText)],
    );
    return { keys: new Set(rows.flatMap(({ id }) => id ?? [])), now: BigInt(rows[0]!.now) };
  }

  /** The columns take the binary form of what LightRAG's table has. */
  private get copies(): boolean {
    return Object.entries(columnTypes).every(([column, types]) => types.includes(this.columns.get(column)!));
  }

  private upsertValues(rows: readonly TableRow[]): unknown[] {
    const columns = Object.keys(columnTypes) as (keyof typeof columnTypes)[];
    return [this.rowWorkspace, ...columns.map((column) => rows.map((row) => row[column]?.toString() ?? null))];
  }

  async persist(): Promise<void> {}

  async workspaces(): Promise<string[]> {
    if (this.columns.size === 0) return [];
    const { rows } = await this.pool.query<{ workspace: string }>("select distinct workspace from lightrag_llm_cache");
    return rows.map(({ workspace }) => (workspace === "default" ? "" : workspace));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** The table has another shape than LightRAG gives it today. */
class OldTableError extends Error {
  constructor(missing: readonly string[]) {
    super(
      `the table lightrag_llm_cache is of an older LightRAG: it has no column ${missing.join(", ")}. Start LightRAG once, which upgrades it.`,
    );
    this.name = "OldTableError";
  }
}

interface CacheRow {
  readonly id: string;
  readonly original_prompt: string | null;
  readonly return_value: string | null;
  readonly chunk_id: string | null;
  readonly cache_type: string | null;
  /** Its text. */
  readonly queryparam: string | null;
  /** Whole seconds, as LightRAG reads them. */
  readonly create_time: string | null;
  readonly update_time: string | null;
  readonly create_micros: string | null;
  readonly update_micros: string | null;
}

const quoted = JSON.stringify;

/** The record as LightRAG reads it from the row, written by hand so that queryparam keeps its digits. */
function entryOf(row: CacheRow): CacheEntry {
  const text =
    `{"return":${quoted(row.return_value)},"cache_type":${quoted(row.cache_type)},"chunk_id":${quoted(row.chunk_id)},` +
    `"original_prompt":${quoted(row.original_prompt)},"queryparam":${row.queryparam ?? "null"},` +
    `"create_time":${row.create_time ?? "null"},"update_time":${row.update_time ?? "null"},"_id":${quoted(row.id)}}`;
  return { key: row.id, text, micros: { create: row.create_micros, update: row.update_micros } };
}

function patterns(kinds: CacheKinds): string[] {
  return kinds.prefixes.map((prefix) => `${prefix}%`);
}

/** Names and types; none where there is no table. */
async function findColumns(pool: Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ name: string; type: string }>(
    `select attname as name, atttypid::regtype::text as type from pg_attribute
      where attrelid = to_regclass('lightrag_llm_cache') and attnum > 0 and not attisdropped`,
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

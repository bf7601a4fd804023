import type { Refusal } from "../../engine/ports.ts";
import { createPool, type Pool } from "../../stores/postgres/connection/pool.ts";
import { type CacheEntry, isExactNumber, type Json, refusal } from "../entries/cache-entry.ts";
import type { CacheKind, CacheKinds } from "../entries/cache-kinds.ts";
import { type KvStore, type Page, pageBytes, pageEntries } from "../kv-store.ts";
import { parseEntries, type ParsedEntry } from "../entries/parse-entries.ts";
import type { PostgresSettings } from "../store-settings.ts";
import { postgresIdentity } from "./identities.ts";
import { createTable, pageQuery, recordColumns, upsert } from "./postgres-sql.ts";

/** LightRAG's PGKVStorage: a row for each record, columns for its fields. */
export class PostgresStore implements KvStore {
  readonly type = "PGKVStorage";
  readonly workspace: string;
  readonly identity: string;
  private readonly pool: Pool;
  /** As it stands in the rows. */
  private readonly rowWorkspace: string;
  private columns: ReadonlySet<string>;

  private constructor({ workspace, url }: PostgresSettings, pool: Pool, columns: ReadonlySet<string>) {
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

  /** By keyset in the order of the primary key: OFFSET misses rows when others are deleted meanwhile, and gets slower with every page. */
  async *read(kinds: CacheKinds, after: string | undefined, signal: AbortSignal): AsyncGenerator<Page> {
    if (this.columns.size === 0) return;
    const text = pageQuery(this.columns);
    const like = patterns(kinds);
    let last = after ?? "";
    while (!signal.aborted) {
      const values = [this.rowWorkspace, last, like, pageEntries, pageBytes];
      const { rows } = await this.pool.query<CacheRow>(text, values);
      if (rows.length === 0) return;
      yield { entries: rows.map(entryOf), cursorAfter: (index) => rows[index]!.id };
      last = rows.at(-1)!.id;
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
    const missing = recordFields.map(({ column }) => column).filter((column) => !this.columns.has(column));
    if (missing.length > 0) throw new OldTableError(missing);
  }

  async write(entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    const { parsed, refused } = parseEntries(entries);
    const rows: ParsedEntry[] = [];
    const problems: Refusal[] = [];
    for (const one of parsed) {
      const problem = whyNoRow(one);
      if (problem === undefined) rows.push(one);
      else problems.push(problem);
    }
    if (rows.length > 0) await this.pool.query(upsert, this.columnsOf(rows));
    return [...refused, ...problems];
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

  private columnsOf(rows: readonly ParsedEntry[]): unknown[] {
    const text = (name: string) => rows.map(({ record }) => (record[name] as string | null | undefined) ?? null);
    return [
      this.rowWorkspace,
      rows.map(({ entry }) => entry.key),
      text("original_prompt"),
      text("return"),
      text("chunk_id"),
      text("cache_type"),
      rows.map(({ record: { queryparam } }) => (queryparam == null ? null : JSON.stringify(queryparam))),
      rows.map((row) => microsOf(row, "create")),
      rows.map((row) => microsOf(row, "update")),
    ];
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

const recordFields = [
  { field: "return", column: "return_value" },
  { field: "original_prompt", column: "original_prompt" },
  { field: "chunk_id", column: "chunk_id" },
  { field: "cache_type", column: "cache_type" },
  { field: "queryparam", column: "queryparam" },
  { field: "create_time", column: "create_time" },
  { field: "update_time", column: "update_time" },
] as const;
const textFields = ["return", "original_prompt", "chunk_id", "cache_type"] as const;
const timeFields = ["create_time", "update_time"] as const;
const knownFields = new Set<string>(["_id", ...recordFields.map(({ field }) => field)]);

/** A field that would be lost or changed is a refusal, never a silent cut. */
function whyNoRow({ entry: { key }, record }: ParsedEntry): Refusal | undefined {
  const odd = Object.keys(record).find((name) => !knownFields.has(name) && record[name] !== null);
  if (odd !== undefined)
    return refusal(key, "UnknownFieldError", `the table has no column for the field ${quoted(odd)}`);
  for (const name of textFields) {
    const value = record[name] ?? null;
    if (value !== null && typeof value !== "string") return refusal(key, "FieldTypeError", `${name} is no text`);
    if (value !== null && !isText(value))
      return refusal(key, "InvalidTextError", `${name} holds ${whatIsNoText(value)}`);
  }
  for (const name of timeFields) {
    const value = record[name] ?? null;
    if (value !== null && !isTime(value))
      return refusal(key, "FieldTypeError", `${name} is no time in seconds since 1970`);
  }
  return isText(key) ? undefined : refusal(key, "InvalidTextError", `its key holds ${whatIsNoText(key)}`);
}

/** PostgreSQL's text is UTF-8 without NUL. */
function isText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

function whatIsNoText(text: string): string {
  return text.includes("\0") ? "\\u0000, which PostgreSQL cannot store" : "half a surrogate pair";
}

/** PostgreSQL's timestamps reach to the year 294276. */
function isTime(value: Json): boolean {
  const seconds = isExactNumber(value) ? Number(value.rawJSON) : value;
  return typeof seconds === "number" && Math.abs(seconds) < 9e12;
}

function microsOf({ entry, record }: ParsedEntry, which: "create" | "update"): string | null {
  if (entry.micros !== undefined) return entry.micros[which];
  const seconds = record[`${which}_time`] ?? null;
  if (seconds === null) return null;
  return String(Math.round(Number(isExactNumber(seconds) ? seconds.rawJSON : seconds) * 1e6));
}

function patterns(kinds: CacheKinds): string[] {
  return kinds.prefixes.map((prefix) => `${prefix}%`);
}

async function findColumns(pool: Pool): Promise<Set<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `select attname as name from pg_attribute
      where attrelid = to_regclass('lightrag_llm_cache') and attnum > 0 and not attisdropped`,
  );
  return new Set(rows.map(({ name }) => name));
}

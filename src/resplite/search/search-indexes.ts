/**
 * Full-text search: the indexes of a file, each with tables of its own, in the original's format. It knows nothing of
 * keys: what is searched is added by FT.ADD, not taken from hashes.
 */
import type { Data } from "../data/data.ts";
import { CommandError } from "../data/errors.ts";
import { SearchIndex, tablesOf } from "./search-index.ts";

interface Registered {
  readonly name: string;
  readonly schema_json: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export class SearchIndexes {
  readonly #data: Data;
  readonly #hasAllocator: boolean;
  readonly #open = new Map<string, { schema: string; index: SearchIndex }>();

  constructor(data: Data) {
    this.#data = data;
    this.#hasAllocator = this.#exists("search_rowid_allocator");
  }

  /** @throws CommandError when there is one of this name, or tables that it would need */
  create(name: string, fields: readonly string[]): void {
    const { file, keys } = this.#data;
    keys.beginWrite();
    const tables = tablesOf(name);
    const taken = Object.values(tables).some((table) => this.#exists(table.slice(1, -1)));
    if (taken || this.#exists(`search_sugs__${name}_score_idx`)) throw new CommandError("ERR index already exists");
    const sorted = fields.toSorted((one, other) => (one < other ? -1 : 1));
    const schema = {
      version: 1,
      fields: sorted.map((field) => ({ name: field, type: "TEXT" })),
      tokenizer: "unicode61",
    };
    file
      .prepare("INSERT INTO search_indices (name, schema_json, created_at, updated_at) VALUES (?, ?, ?, ?)")
      .run(name, JSON.stringify(schema), keys.now, keys.now);
    file.exec(`
      CREATE TABLE ${tables.docs} (
        doc_id TEXT PRIMARY KEY,
        score REAL NOT NULL DEFAULT 1.0,
        fields_json TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      );
      CREATE TABLE ${tables.docmap} (doc_id TEXT PRIMARY KEY, fts_rowid INTEGER NOT NULL UNIQUE);
      CREATE VIRTUAL TABLE ${tables.fts} USING fts5(${sorted.map((field) => `"${field}"`).join(", ")}, tokenize='unicode61', content='');
      CREATE TABLE ${tables.sugs} (term TEXT PRIMARY KEY, score REAL NOT NULL, payload TEXT, updated_at INTEGER NOT NULL);
      CREATE INDEX "search_sugs__${name}_score_idx" ON ${tables.sugs}(score DESC);
    `);
  }

  /** @throws CommandError when there is none */
  get(name: string): SearchIndex {
    const { schema_json: schema } = this.registered(name);
    const open = this.#open.get(name);
    if (open?.schema === schema) return open.index;
    const { fields } = JSON.parse(schema) as { fields: { name: string }[] };
    const names = fields.map((field) => field.name).toSorted((one, other) => (one < other ? -1 : 1));
    const index = new SearchIndex(this.#data.file, name, names, this.#hasAllocator);
    this.#open.set(name, { schema, index });
    return index;
  }

  /** As get, with the transaction open. */
  forWrite(name: string): SearchIndex {
    this.#data.keys.beginWrite();
    return this.get(name);
  }

  registered(name: string): Registered {
    const found = this.#data.file.prepare("SELECT * FROM search_indices WHERE name = ?").get(name);
    if (found === undefined) throw new CommandError("Unknown index name");
    return found as unknown as Registered;
  }

  /** Names of tables are the same in either case. */
  #exists(name: string): boolean {
    return this.#data.file.prepare("SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE").get(name) !== undefined;
  }
}

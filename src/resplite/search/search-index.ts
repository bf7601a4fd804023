import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CommandError } from "../data/errors.ts";

// src/resplite/search owns the FT.* indexes, on SQLite's full-text search. It never reads or writes the keys of the
// five types.

export interface FoundDocument {
  readonly id: string;
  /** Fields and values, in the order of the schema. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export interface Suggestion {
  readonly term: string;
  readonly score: number;
  readonly payload: string | null;
}

/**
 * One index: its documents, the FTS5 table that finds them and its suggestions. The FTS5 table holds no text, as in the
 * original's files: to take a document out of it, it must be given the text that was put in. Writes need an open
 * transaction.
 */
export class SearchIndex {
  readonly name: string;
  /** Sorted, which is the order of the columns. */
  readonly fields: readonly string[];
  readonly #file: DatabaseSync;
  readonly #tables: Tables;
  readonly #hasAllocator: boolean;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: DatabaseSync, name: string, fields: readonly string[], hasAllocator: boolean) {
    this.name = name;
    this.fields = fields;
    this.#file = file;
    this.#tables = tablesOf(name);
    this.#hasAllocator = hasAllocator;
  }

  /** @throws CommandError when it is there and not to be replaced, or a field is none of the index */
  add(id: string, score: number, given: ReadonlyMap<string, string>, replace: boolean, now: number): void {
    for (const field of given.keys()) if (!this.fields.includes(field)) throw new CommandError("ERR unknown field");
    const { docs, docmap, fts } = this.#tables;
    const old = this.#document(id);
    if (old !== undefined && !replace) throw new CommandError("ERR document exists");
    if (old !== undefined) this.#unlist(old);
    const row = this.#newRow();
    this.#run(
      `INSERT INTO ${docs} (doc_id, score, fields_json, created_at, updated_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (doc_id)
         DO UPDATE SET score = excluded.score, fields_json = excluded.fields_json, updated_at = excluded.updated_at`,
      [id, score, JSON.stringify(Object.fromEntries(given)), now, now],
    );
    this.#run(
      `INSERT INTO ${docmap} (doc_id, fts_rowid) VALUES (?, ?) ON CONFLICT (doc_id) DO UPDATE SET fts_rowid = excluded.fts_rowid`,
      [id, row],
    );
    this.#run(`INSERT INTO ${fts} (rowid, ${this.#columns()}) VALUES (?${", ?".repeat(this.fields.length)})`, [
      row,
      ...this.fields.map((field) => given.get(field) ?? ""),
    ]);
  }

  /** Whether it was there. */
  delete(id: string): boolean {
    const old = this.#document(id);
    if (old === undefined) return false;
    this.#unlist(old);
    this.#run(`DELETE FROM ${this.#tables.docmap} WHERE doc_id = ?`, [id]);
    this.#run(`DELETE FROM ${this.#tables.docs} WHERE doc_id = ?`, [id]);
    return true;
  }

  /**
   * Best first: FTS5's bm25, which is the lower the better, times the document's score. `total` counts all that match.
   */
  search(match: string, offset: number, count: number): { total: number; found: FoundDocument[] } {
    const { docs, docmap, fts } = this.#tables;
    const from = `FROM ${fts} f JOIN ${docmap} m ON f.rowid = m.fts_rowid JOIN ${docs} d ON d.doc_id = m.doc_id WHERE ${fts} MATCH ?`;
    const total = this.#get(`SELECT count(*) AS total ${from}`, [match])!["total"] as number;
    const rows = this.#statement(
      `SELECT d.doc_id AS id, d.fields_json AS fields ${from} ORDER BY bm25(${fts}) * d.score, d.doc_id LIMIT ? OFFSET ?`,
    ).all(match, count, offset) as { id: string; fields: string }[];
    return { total, found: rows.map(({ id, fields }) => ({ id, fields: this.#inOrder(fields) })) };
  }

  counts(): { documents: number; rows: number; suggestions: number } {
    const { docs, docsize, sugs } = this.#tables;
    const count = (table: string): number => this.#get(`SELECT count(*) AS n FROM ${table}`, [])!["n"] as number;
    return { documents: count(docs), rows: count(docsize), suggestions: count(sugs) };
  }

  /** Whether the term is new. */
  suggest({ term, score, payload }: Suggestion, increment: boolean, now: number): boolean {
    const { sugs } = this.#tables;
    const isNew = this.#get(`SELECT 1 FROM ${sugs} WHERE term = ?`, [term]) === undefined;
    this.#run(
      `INSERT INTO ${sugs} (term, score, payload, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (term)
         DO UPDATE SET score = excluded.score ${increment ? "+ score" : ""}, payload = excluded.payload, updated_at = excluded.updated_at`,
      [term, score, payload, now],
    );
    return isNew;
  }

  /** Terms that begin so, letters of ASCII in either case; highest score first. */
  suggestions(prefix: string, most: number): Suggestion[] {
    const pattern = `${prefix.replace(/[\\%_]/g, "\\$&")}%`;
    return this.#statement(
      `SELECT term, score, payload FROM ${this.#tables.sugs} WHERE term LIKE ? ESCAPE '\\' ORDER BY score DESC, term LIMIT ?`,
    ).all(pattern, most) as unknown as Suggestion[];
  }

  forgetSuggestion(term: string): boolean {
    return this.#run(`DELETE FROM ${this.#tables.sugs} WHERE term = ?`, [term]) > 0;
  }

  #document(id: string): { row: number; fields: string } | undefined {
    const { docs, docmap } = this.#tables;
    const sql = `SELECT m.fts_rowid AS row, d.fields_json AS fields FROM ${docmap} m JOIN ${docs} d ON d.doc_id = m.doc_id WHERE m.doc_id = ?`;
    return this.#get(sql, [id]) as { row: number; fields: string } | undefined;
  }

  /** Takes a document out of the FTS5 table: https://www.sqlite.org/fts5.html#the_delete_command */
  #unlist({ row, fields }: { row: number; fields: string }): void {
    const { fts } = this.#tables;
    const old = new Map(this.#inOrder(fields));
    this.#run(
      `INSERT INTO ${fts} (${fts}, rowid, ${this.#columns()}) VALUES ('delete', ?${", ?".repeat(this.fields.length)})`,
      [row, ...this.fields.map((field) => old.get(field) ?? "")],
    );
  }

  /** One that no document has or had whose words an older version may have left in the FTS5 table. */
  #newRow(): number {
    const { docmap, docsize } = this.#tables;
    if (this.#hasAllocator) {
      const made = this.#statement("INSERT INTO search_rowid_allocator DEFAULT VALUES RETURNING id").get();
      return made!["id"] as number;
    }
    const sql = `SELECT max(coalesce((SELECT max(fts_rowid) FROM ${docmap}), 0), coalesce((SELECT max(id) FROM ${docsize}), 0)) + 1 AS row`;
    return this.#get(sql, [])!["row"] as number;
  }

  #inOrder(fieldsJson: string): [name: string, value: string][] {
    const held = JSON.parse(fieldsJson) as Record<string, string>;
    return this.fields.flatMap((name): [string, string][] => (Object.hasOwn(held, name) ? [[name, held[name]!]] : []));
  }

  #columns(): string {
    return this.fields.map((field) => `"${field}"`).join(", ");
  }

  #get(sql: string, values: (string | number | null)[]): Record<string, unknown> | undefined {
    return this.#statement(sql).get(...values);
  }

  #run(sql: string, values: (string | number | null)[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#file.prepare(sql)));
    return statement;
  }
}

export type Tables = Record<"docs" | "docmap" | "fts" | "docsize" | "sugs", string>;

/** Quoted: a name may hold ":" and "-". */
export function tablesOf(name: string): Tables {
  return {
    docs: `"search_docs__${name}"`,
    docmap: `"search_docmap__${name}"`,
    fts: `"search_fts__${name}"`,
    docsize: `"search_fts__${name}_docsize"`,
    sugs: `"search_sugs__${name}"`,
  };
}

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** A blob as node:sqlite gives it; a string where another program has stored text. */
export type Bytes = Uint8Array | string;

type Value = Uint8Array | string | number | bigint | null;

/** A prepared SELECT, or other statement that returns rows: as arrays, which cost less than objects. */
export class Query<Row extends readonly unknown[]> {
  readonly #statement: StatementSync;

  constructor(file: DatabaseSync, sql: string) {
    this.#statement = file.prepare(sql);
    this.#statement.setReturnArrays(true);
  }

  first(...values: Value[]): Row | undefined {
    return this.#statement.get(...values) as unknown as Row | undefined;
  }

  all(...values: Value[]): Row[] {
    return this.#statement.all(...values) as unknown as Row[];
  }
}

/** The same bytes, not a copy. */
export function bufferOf(bytes: Bytes): Buffer {
  if (typeof bytes === "string") return Buffer.from(bytes, "utf8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

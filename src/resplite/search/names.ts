import { isUtf8 } from "node:buffer";
import { CommandError } from "../data/errors.ts";

const indexName = /^[A-Za-z][A-Za-z0-9:_-]{0,63}$/;
const fieldName = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** FTS5 keeps them for itself: https://www.sqlite.org/fts5.html */
const reservedFields = new Set(["rank", "rowid"]);

/** A name that is safe in the names of tables. @throws CommandError */
export function indexNameOf(bytes: Buffer): string {
  const name = bytes.toString("latin1");
  if (!indexName.test(name)) throw new CommandError("ERR invalid index name");
  return name;
}

/** Undefined when it is none. */
export function fieldNameOf(bytes: Buffer): string | undefined {
  const name = bytes.toString("latin1");
  return fieldName.test(name) && !reservedFields.has(name.toLowerCase()) ? name : undefined;
}

/** Id of a document, or a term: 1 to 256 characters. @throws CommandError */
export function tokenOf(bytes: Buffer): string {
  const text = textOf(bytes);
  if (text === "" || text.length > 256 || text.includes("\0")) throw new CommandError("ERR syntax error");
  return text;
}

/** Search is for text. @throws CommandError when it is not UTF-8 */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new CommandError("ERR invalid field value");
  return bytes.toString("utf8");
}

/** A finite number, written without an exponent or with one. @throws CommandError */
export function scoreOf(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  const score = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(score)) throw new CommandError("ERR invalid score");
  return score;
}

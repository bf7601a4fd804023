import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from as copyFrom } from "pg-copy-streams";

const everyControl = /[\b\f\n\r\t\v]/g;
const escapes: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** One field of COPY's text format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
export function copyField(text: string | null): string {
  if (text === null) return "\\N";
  const escaped = text.replaceAll("\\", "\\\\"); // by far the most frequent, and fast without a pattern
  return escaped.replace(everyControl, (character) => escapes[character]!);
}

/**
 * Sends lines of COPY's text format, which the chunks hold one after the other, by `COPY target FROM STDIN`; `target`
 * is a table with its columns. The connection is usable again afterwards, also when PostgreSQL refused a row.
 */
export async function copyIn(client: PoolClient, target: string, chunks: Iterable<Buffer>): Promise<void> {
  await pipeline(Readable.from(chunks), client.query(copyFrom(`copy ${target} from stdin`)));
}

/** Rows far smaller than this would each be a write of its own. */
const chunkLength = 65_536;

/** The lines of rows, each value as the text that PostgreSQL reads it from. */
export function* copyChunks(rows: Iterable<readonly (string | null)[]>): Generator<Buffer> {
  let chunk = "";
  for (const row of rows) {
    chunk += `${row.map(copyField).join("\t")}\n`;
    if (chunk.length < chunkLength) continue;
    yield Buffer.from(chunk);
    chunk = "";
  }
  if (chunk !== "") yield Buffer.from(chunk);
}

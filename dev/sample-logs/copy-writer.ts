import { once } from "node:events";
import { finished } from "node:stream/promises";

import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";

import { type ColumnText, copyLine } from "./copy-text.ts";

/** Larger chunks gained nothing and cost memory per table. */
const chunkCharacters = 256 * 1024;

export interface CopyWriter {
  /** Resolves at once while there is room; waits when PostgreSQL is behind. */
  write(row: Readonly<Record<string, ColumnText>>): Promise<void> | undefined;
  /** Ends the COPY: every row is committed. Returns their number as PostgreSQL counted it. */
  end(): Promise<number>;
  /** Gives up: rows of this table are rolled back. */
  abort(): Promise<void>;
}

/** Streams rows into a table over a connection of its own, so that several tables can be filled side by side. */
export async function openCopyWriter(
  databaseUrl: string,
  table: string,
  columns: readonly string[],
): Promise<CopyWriter> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const stream = client.query(
    copyFrom(`COPY ${table} (${columns.map((column) => `"${column}"`).join(", ")}) FROM STDIN`),
  );
  const done = finished(stream);
  // The failure is reported by the next write or by end(); without a handler here the process would end first.
  done.catch(() => undefined);
  client.on("error", (error) => stream.destroy(error));

  let lines = "";

  async function flush(): Promise<void> {
    const chunk = lines;
    lines = "";
    if (stream.errored) throw stream.errored;
    if (!chunk.isWellFormed()) throw new Error(`A row of ${table} holds a lone surrogate, which UTF-8 cannot carry.`);
    if (!stream.write(Buffer.from(chunk))) await once(stream, "drain");
  }

  return {
    write(row) {
      lines += copyLine(row, columns);
      return lines.length < chunkCharacters ? undefined : flush();
    },
    async end() {
      try {
        await flush();
        stream.end();
        await done;
        return stream.rowCount;
      } finally {
        await client.end();
      }
    },
    async abort() {
      stream.destroy();
      await client.end().catch(() => undefined);
    },
  };
}

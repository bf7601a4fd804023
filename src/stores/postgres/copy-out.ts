import type { PoolClient } from "pg";
import { to as copyTo } from "pg-copy-streams";

/**
 * The chunks of `COPY (query) TO STDOUT` in binary form, read as fast as they are taken. `query` has no parameters. The connection is free
 * again when the iteration has ended; a consumer that stops early must discard the connection.
 */
export function copyOut(client: PoolClient, query: string): AsyncIterable<Buffer> {
  return client.query(copyTo(`copy (${query}) to stdout (format binary)`, { highWaterMark: 1 << 18 }));
}

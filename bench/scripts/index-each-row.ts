/**
 * The way of Dify's first implementation: OFFSET pages, and for each row one request that waits until the document can
 * be searched.
 */
import { Client } from "@elastic/elasticsearch";
import pg from "pg";
import { type PeerTask, toDocument } from "./peer-rows.ts";
import { onTheClock, task } from "./task.ts";

const given = task() as PeerTask & { rows: number };
pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => text);
const client = new Client({ node: given.elasticsearchUrl });
const sql = new pg.Client({ connectionString: given.databaseUrl });

await onTheClock(async () => {
  await sql.connect();
  let written = 0;
  while (written < given.rows) {
    const { rows } = await sql.query<Record<string, unknown>>(
      "select * from workflow_node_executions where tenant_id = $1 order by created_at, id offset $2 limit $3",
      [given.tenantId, written, Math.min(given.batch, given.rows - written)],
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      const { index, id, document } = toDocument(row, given.indexBase);
      await client.index({ index, id, document, refresh: "wait_for" });
      written++;
    }
  }
  return written;
});
await sql.end();
await client.close();

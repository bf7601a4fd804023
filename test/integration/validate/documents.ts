import type { TestArchive } from "../../support/test-archive.ts";
import { documentPath, placeName } from "../../support/layout.ts";
import { rawSource } from "../../support/archived-documents.ts";

/** Documents of an archive, changed behind the program's back. */
export function documentsOf({ elasticsearchUrl, prefix, sql }: TestArchive) {
  const tables = {
    workflow_runs: "workflow-runs",
    workflow_app_logs: "workflow-app-logs",
    workflow_node_executions: "workflow-node-executions",
  };
  type Table = keyof typeof tables;

  async function request(method: string, path: string, body?: string): Promise<void> {
    const answer = await fetch(`${elasticsearchUrl}/${path}`, {
      method,
      ...(body !== undefined && { headers: { "content-type": "application/json" }, body }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
  }

  const indexOf = (table: Table, tenantId: string, month: string): string =>
    placeName(prefix, tables[table], tenantId, month);

  /** The index that the row belongs into. */
  async function indexOfRow(table: Table, id: string): Promise<string> {
    const { rows } = await sql.query<{ tenantId: string; month: string }>(
      `SELECT tenant_id::text AS "tenantId", to_char(created_at, 'YYYY.MM') AS month FROM ${table} WHERE id = $1`,
      [id],
    );
    return indexOf(table, rows[0]!.tenantId, rows[0]!.month);
  }

  const put = (index: string, id: string, source: string) => request("PUT", documentPath(index, "_doc", id), source);
  const remove = (index: string, id: string) => request("DELETE", documentPath(index, "_doc", id));
  const source = (index: string, id: string) => rawSource(elasticsearchUrl, index, id);

  return {
    indexOf,
    indexOfRow,
    put,
    remove,
    source,
    /** Replaces a text in the document by another; it has to be there. */
    async change(table: Table, id: string, from: string, to: string): Promise<void> {
      const index = await indexOfRow(table, id);
      const before = await source(index, id);
      if (!before.includes(from)) throw new Error(`${from} is not in ${before.slice(0, 2000)}`);
      await put(
        index,
        id,
        before.replace(from, () => to),
      );
    },
    async move(table: Table, id: string, to: string): Promise<void> {
      const from = await indexOfRow(table, id);
      await put(to, id, await source(from, id));
      await remove(from, id);
    },
  };
}

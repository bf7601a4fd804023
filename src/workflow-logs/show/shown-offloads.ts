import type { Pool } from "pg";
import { hasColumn, quoteIdentifier, type Table } from "../../stores/postgres/table.ts";
import { inspectOnce } from "../repositories/records/inspect-once.ts";

/** A value that the platform moved to its file storage; the column has a preview of it. */
export interface ShownOffload {
  /** The column: inputs, outputs or process_data. */
  readonly type: string;
  readonly fileId: string | null;
  readonly key: string | null;
  readonly bytes: number | null;
  /** The whole value, where the archive holds it. */
  readonly content: string | null;
  /** Why the archive does not hold it though it was asked to. */
  readonly contentError: string | null;
}

interface Row {
  readonly node: string;
  readonly type: string;
  readonly fileId: string | null;
  readonly key: string | null;
  readonly bytes: string | null;
}

/** By the id of the node execution. Platforms before 1.9 have no such table. */
export async function offloadsOfRows(pool: Pool, nodeIds: readonly string[]): Promise<Map<string, ShownOffload[]>> {
  const offloads = await inspectOnce(pool, "workflow_node_execution_offload");
  if (offloads === undefined || nodeIds.length === 0) return new Map();
  const files = await inspectOnce(pool, "upload_files");
  const { rows } = await pool.query<Row>(statement(offloads, files), [nodeIds]);
  return new Map([...Map.groupBy(rows, ({ node }) => node)].map(([node, of]) => [node, of.map(offloadOfRow)]));
}

function offloadOfRow({ type, fileId, key, bytes }: Row): ShownOffload {
  return { type, fileId, key, bytes: numberOf(bytes), content: null, contentError: null };
}

/** Both tables are found by their indexes: no cast stands on a column. */
function statement(offloads: Table, files: Table | undefined): string {
  const fits = files !== undefined && typeOf(files, "id") === typeOf(offloads, "file_id");
  const hasFile = fits && hasColumn(files, "key") && hasColumn(files, "size");
  const columns = hasFile ? "f.key as key, f.size::text as bytes" : "null::text as key, null::text as bytes";
  const join = hasFile ? `left join ${files.sqlName} f on f.id = o.file_id` : "";
  return `select o.node_execution_id::text as node, o.type::text as type, o.file_id::text as "fileId", ${columns}
    from ${offloads.sqlName} o ${join}
   where o.node_execution_id = any($1::${quoteIdentifier(typeOf(offloads, "node_execution_id"))}[]) order by o.type, o.id`;
}

function typeOf(table: Table, column: string): string {
  return table.columns.find(({ name }) => name === column)?.type ?? "text";
}

export function offloadsOfDocument({ archive }: Readonly<Record<string, unknown>>): ShownOffload[] {
  const { offloads = [], offload_contents: contents = [] } = (archive ?? {}) as {
    offloads?: { id: string; type: string; file_id: string | null; file?: { key?: string; size?: unknown } | null }[];
    offload_contents?: { offload_id: string; content?: string; content_error?: string }[];
  };
  return offloads.map(({ id, type, file_id: fileId, file }) => {
    const loaded = contents.find(({ offload_id: of }) => of === id);
    return {
      type,
      fileId,
      key: file?.key ?? null,
      bytes: numberOf(file?.size),
      content: loaded?.content ?? null,
      contentError: loaded?.content_error ?? null,
    };
  });
}

function numberOf(size: unknown): number | null {
  return size === null || size === undefined ? null : Number(size);
}

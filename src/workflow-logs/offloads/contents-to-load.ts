import type { Pool } from "pg";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import { inspectTable } from "../../stores/postgres/table.ts";
import { offloadTable } from "../partitions/log-types.ts";
import { keysQuery, type PlanContext } from "../partitions/plan-query.ts";

/** Files behind rows, and their bytes as the platform noted them. */
export interface ContentsToLoad {
  readonly files: number;
  readonly bytes: number;
}

/**
 * The files of the offload rows whose node executions are not confirmed yet. One scan of the log table, as the plan
 * itself.
 */
export async function contentsToLoad(pool: Pool, context: PlanContext, signal: AbortSignal): Promise<ContentsToLoad> {
  const [offloads, files] = [await inspectTable(pool, offloadTable), await inspectTable(pool, "upload_files")];
  if (offloads === undefined || files === undefined) return { files: 0, bytes: 0 };
  const keys = keysQuery({ ...context, keysOnly: true });
  const found = await cancellable(pool, signal, (client) =>
    client.query<{ files: string; bytes: string }>(
      `select count(*) as files, coalesce(sum(greatest(f.size, 0)), 0) as bytes from (${keys}) k
         join ${offloads.sqlName} o on o.node_execution_id = k.id join ${files.sqlName} f on f.id = o.file_id
        where k.month is not null and not k.listed_again`,
    ),
  );
  const { files: count, bytes } = found.rows[0]!;
  return { files: Number(count), bytes: Number(bytes) };
}

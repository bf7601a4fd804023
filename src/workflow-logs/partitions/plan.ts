import type { Pool } from "pg";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import type { Partition } from "./log-types.ts";
import { keysQuery, partitionsQuery, type PlanContext } from "./plan-query.ts";
import type { Listing } from "../rows/row-query.ts";
import type { SourceTable } from "./source-schema.ts";

export interface PlannedPartition extends Partition {
  /** Rows not confirmed yet, and the size of their text. */
  readonly rows: number;
  readonly bytes: number;
  /** Rows in the overlap window before a checkpoint, to be looked for in Elasticsearch. */
  readonly listedAgain: number;
  /** Rows that had not ended when they were copied. */
  readonly openRows: number;
  /** It has fewer documents than its checkpoints and what is kept without a row say. */
  readonly lacksDocuments?: boolean;
}

export interface SourcePlan {
  readonly source: SourceTable;
  /** Where the keys of the planned rows are; undefined for a dry run. */
  readonly listing: Listing | undefined;
  readonly partitions: readonly PlannedPartition[];
  /** Rows that cannot be archived: their created_at or tenant id names no index. */
  readonly unarchivable: number;
}

/** Groups the keys of a log table into partitions with one query, over `keys` where they were listed already. */
export async function planPartitions(
  pool: Pool,
  context: PlanContext,
  keys: Listing | undefined,
  signal: AbortSignal,
): Promise<Pick<SourcePlan, "partitions" | "unarchivable">> {
  const listed = keys?.isKeyTable === true ? `select * from ${keys.sqlName}` : keysQuery(context);
  const groups = await cancellable(pool, signal, (client) =>
    client.query<{ tenantId: string; month: string | null; rows: string; bytes: string; listedAgain: string }>(
      partitionsQuery(listed),
    ),
  );
  const partitions: PlannedPartition[] = [];
  let unarchivable = 0;
  for (const group of groups.rows) {
    if (group.month === null) {
      unarchivable += Number(group.rows);
      continue;
    }
    partitions.push({
      dataType: context.dataType,
      tenantId: group.tenantId,
      month: group.month,
      rows: Number(group.rows),
      bytes: Number(group.bytes),
      listedAgain: Number(group.listedAgain),
      openRows: 0,
    });
  }
  return { partitions, unarchivable };
}

/** Newest or oldest month first; within a month runs before what belongs to them. */
export function inOrder<P extends Partition>(partitions: readonly P[], order: "newest" | "oldest"): P[] {
  const sign = order === "newest" ? -1 : 1;
  const rank: Record<Partition["dataType"], number> = { workflow_runs: 0, app_logs: 1, node_executions: 2 };
  return partitions.toSorted(
    (a, b) =>
      sign * (a.month < b.month ? -1 : a.month > b.month ? 1 : 0) ||
      a.tenantId.localeCompare(b.tenantId) ||
      rank[a.dataType] - rank[b.dataType],
  );
}

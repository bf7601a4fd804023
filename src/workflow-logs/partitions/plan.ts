import type { Pool } from "pg";
import { withSettings } from "../../stores/postgres/connection/with-settings.ts";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import { type Partition, partitionKey } from "./log-types.ts";
import { keysQuery, onlyNewSettings, partitionsQuery, type PlanContext } from "./plan-query.ts";
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
  /** Every write was noted, so rows that had not ended need not be looked at: what became of them is applied. */
  readonly isNoted?: boolean;
  /** Rows that cannot be archived: their created_at or tenant id names no index. */
  readonly unarchivable: number;
  /**
   * Rows behind the checkpoints of each partition, by its key; those without any are left out. Empty unless they were
   * to be counted.
   */
  readonly confirmed: ReadonlyMap<string, number>;
}

interface Group {
  readonly tenantId: string;
  readonly month: string | null;
  readonly rows: string;
  readonly bytes: string;
  readonly listedAgain: string;
  readonly confirmed: string;
}

/** Groups the keys of a log table into partitions with one query, over `keys` where they were listed already. */
export async function planPartitions(
  pool: Pool,
  context: PlanContext,
  keys: Listing | undefined,
  signal: AbortSignal,
): Promise<Pick<SourcePlan, "partitions" | "unarchivable" | "confirmed">> {
  const listed = keys?.isKeyTable === true ? `select * from ${keys.sqlName}` : keysQuery(context);
  const settings = context.only !== undefined && keys?.isKeyTable !== true ? onlyNewSettings : undefined;
  const groups = await cancellable(pool, signal, (client) =>
    withSettings(client, settings, () => client.query<Group>(partitionsQuery(listed, context))),
  );
  const partitions: PlannedPartition[] = [];
  const confirmed = new Map<string, number>();
  let unarchivable = 0;
  for (const group of groups.rows) {
    if (group.month === null) {
      unarchivable += Number(group.rows);
      continue;
    }
    const partition: Partition = { dataType: context.dataType, tenantId: group.tenantId, month: group.month };
    if (group.confirmed !== "0") confirmed.set(partitionKey(partition), Number(group.confirmed));
    const [rows, listedAgain] = [Number(group.rows), Number(group.listedAgain)];
    if (rows + listedAgain === 0) continue;
    partitions.push({ ...partition, rows, bytes: Number(group.bytes), listedAgain, openRows: 0 });
  }
  return { partitions, unarchivable, confirmed };
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

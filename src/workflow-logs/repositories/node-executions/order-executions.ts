import type { NodeExecution } from "./node-execution.ts";

export interface NodeOrder {
  readonly orderBy: readonly ("index" | "createdAt" | "finishedAt" | "elapsedTime" | "nodeId" | "title")[];
  /** Ascending when left out. */
  readonly direction?: "asc" | "desc" | undefined;
}

/**
 * In the order, executions that are equal in it by (created_at, id). Of a nullable column NULLs are the greatest, as in
 * PostgreSQL.
 */
export function orderExecutions(
  executions: readonly NodeExecution[],
  order: NodeOrder = { orderBy: [] },
): NodeExecution[] {
  const sign = order.direction === "desc" ? -1 : 1;
  const fields = [...order.orderBy, "createdAt", "id"] as const;
  return executions.toSorted((a, b) => {
    for (const field of fields) {
      const difference = compare(a[field], b[field]);
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}

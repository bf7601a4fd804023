import type { VectorConnections } from "../connections.ts";
import { checkTenant } from "../operations/tenants.ts";
import { backlog, listStuck, type StuckWrite } from "../state/write-log.ts";

export interface ApplyReport {
  readonly command: "milvus apply-dirty" | "milvus errors retry";
  /** With errors while a write is left. */
  status: "completed" | "completed_with_errors" | "interrupted";
  copied: number;
  removed: number;
  refused: number;
  /** Writes that the second store still has not got. */
  left: number;
  /** The first of them, with the reason. */
  stuck: StuckWrite[];
}

/**
 * Copies every write that one store has and the other has not, also those that were refused before, of these tenants or
 * of all. Throws AppError when a store does not answer; what was copied by then stays copied.
 */
export async function applyDirty(
  { state, replicator }: VectorConnections,
  tenants: readonly string[],
  signal: AbortSignal,
): Promise<ApplyReport> {
  tenants.forEach(checkTenant);
  const report: ApplyReport = {
    command: "milvus apply-dirty",
    status: "completed",
    copied: 0,
    removed: 0,
    refused: 0,
    left: 0,
    stuck: [],
  };
  for (const tenant of tenants.length > 0 ? tenants : [undefined]) {
    const { error } = await replicator.applyAll({ tenant, refused: true }, signal, (applied) => {
      for (const key of ["copied", "removed", "refused"] as const) report[key] += applied[key];
    });
    if (error !== undefined) throw error;
    const { writing, dirty, refused, conflict } = await backlog(state, tenant);
    report.left += writing + dirty + refused + conflict;
    report.stuck.push(...(await listStuck(state, tenant, 20)));
  }
  if (signal.aborted) report.status = "interrupted";
  else if (report.left > 0) report.status = "completed_with_errors";
  return report;
}

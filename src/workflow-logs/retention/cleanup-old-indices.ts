import type { Connections } from "../connections.ts";
import { type DataType, dataTypes } from "../partitions/log-types.ts";
import { noProgress } from "../../runs/progress.ts";
import type { RetentionReport } from "./report.ts";
import { retentionSweep } from "./retention-sweep.ts";

/**
 * The guide's `cleanup_old_indices`: a sweep of one tenant, of all its data types or of some. Rules of `retention set`
 * and holds go before `retentionDays`.
 */
export function cleanupOldIndices(
  connections: Connections,
  tenantId: string,
  retentionDays: number,
  types: readonly DataType[] = dataTypes,
): Promise<RetentionReport> {
  return retentionSweep(
    connections,
    { tenantIds: [tenantId], dataTypes: types, retentionDays, dryRun: false, operator: "cleanupOldIndices" },
    { signal: new AbortController().signal, progress: noProgress },
  );
}

import type { Connections } from "../../../../workflow-logs/connections.ts";
import { noProgress } from "../../../../runs/progress.ts";
import type { RetentionOptions } from "../../../../workflow-logs/retention/options.ts";
import { formatBytes, formatCount } from "../../../output/format.ts";

/** What a sweep would delete now, in words for a question about it. */
export async function whatWouldGo(
  connections: Connections,
  options: Omit<RetentionOptions, "dryRun">,
  signal: AbortSignal,
): Promise<{ readonly isNothing: boolean; readonly indices: string; readonly warning: string }> {
  const { retentionSweep } = await import("../../../../workflow-logs/retention/retention-sweep.ts");
  const { totals } = await retentionSweep(connections, { ...options, dryRun: true }, { signal, progress: noProgress });
  const { wouldDelete, onlyCopy } = totals;
  return {
    isNothing: wouldDelete.indices === 0,
    indices: `${formatCount(wouldDelete.indices)} indices of ${tenants(options.tenantIds)} with ${formatCount(wouldDelete.documents)} documents (${formatBytes(wouldDelete.bytes)})`,
    warning:
      onlyCopy.indices > 0
        ? `\n${formatCount(onlyCopy.indices)} of them hold documents whose rows are not in PostgreSQL any more: those will be gone for good.`
        : "",
  };
}

export function tenants(tenantIds: readonly string[]): string {
  if (tenantIds.length === 0) return "all tenants";
  return tenantIds.length === 1 ? `tenant ${tenantIds[0]}` : `${tenantIds.length} tenants`;
}

/** What the operator has to type: the tenant where it is about one. */
export function wordOfConsent(tenantIds: readonly string[]): string {
  return tenantIds.length === 1 ? tenantIds[0]! : "delete";
}

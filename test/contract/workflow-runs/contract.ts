import type { ApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/api-workflow-run-repository.ts";
import type { RunRow } from "./runs-archive.ts";
import { testId } from "./runs-archive.ts";

/** What a contract is held against: an implementation, and the rows behind it. */
export interface Given {
  api: ApiWorkflowRunRepository;
  rows: RunRow[];
}

/** The tenant with many runs, of which `ties` at a time are of one instant. */
export const busy = { tenantId: testId("busy tenant"), appId: testId("busy app"), ties: 7 };
/** The same tenant's app whose runs lie around changes of clocks and at the ends of what can be indexed. */
export const clocks = { tenantId: busy.tenantId, appId: testId("clocks app") };

/** What no tenant of the platform is called, though some of it means many of them to Elasticsearch. */
export function wildTenants(tenantId: string): string[] {
  return [
    "*",
    `${tenantId.slice(0, 8)}*`,
    `${tenantId.slice(0, 8)}-*`,
    tenantId.slice(0, 8),
    "../x",
    `${tenantId},${testId("busy tenant")}`,
    tenantId.toUpperCase(),
    tenantId.replaceAll("-", ""),
    `${tenantId}-x`,
    `-${tenantId}`,
    "_all",
    "",
    " ",
    "'; drop table workflow_runs; --",
    "x".repeat(300),
  ];
}

export function newestFirst(rows: readonly RunRow[]): RunRow[] {
  return rows.toReversed();
}

export function idsOf(runs: readonly { id: string }[]): string[] {
  return runs.map(({ id }) => id);
}

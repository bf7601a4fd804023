import { countedStatuses, type RunCounts } from "./api-workflow-run-repository.ts";

/** Statuses without a name of their own count in the total alone. */
export function runCounts(total: number, runsWith: (status: string) => number): RunCounts {
  return { total, ...Object.fromEntries(countedStatuses.map((status) => [status, runsWith(status)])) } as RunCounts;
}

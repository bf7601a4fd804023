import { UsageError } from "../../engine/errors.ts";

/** How runs and their node executions are read. */
interface ReadChoices {
  readonly apiWorkflowRuns: { readonly kind: string };
  readonly apiWorkflowNodeExecutions: { readonly kind: string };
}

/**
 * Why these choices would hide purged logs, which are in Elasticsearch alone: a run would be shown without its node
 * executions, or node executions would have no run. Undefined when they would not. A class of the user's own is not
 * judged.
 */
export function hiddenLogs({
  apiWorkflowRuns: runs,
  apiWorkflowNodeExecutions: nodes,
}: ReadChoices): string | undefined {
  if (readsBoth(runs.kind) && nodes.kind === "postgres")
    return "Runs are read from Elasticsearch, and their node executions from PostgreSQL alone: a purged run would be shown with no nodes.";
  if (runs.kind === "postgres" && readsBoth(nodes.kind))
    return "Node executions are read from Elasticsearch, and runs from PostgreSQL alone: a purged run would not be shown.";
  return undefined;
}

export const hiddenLogsHint =
  "Give API_WORKFLOW_RUN_REPOSITORY and API_WORKFLOW_NODE_EXECUTION_REPOSITORY the same value, or leave one unset: it follows the other.";

export function refuseHiddenLogs(choices: ReadChoices): void {
  const hidden = hiddenLogs(choices);
  if (hidden !== undefined) throw new UsageError("repositories_hide_logs", hidden, { hint: hiddenLogsHint });
}

function readsBoth(kind: string): boolean {
  return kind === "elasticsearch" || kind === "dual-write";
}

import type { WorkflowRun } from "./workflow-run.ts";

/** Where a platform writes its workflow executions while they run: Dify's WorkflowExecutionRepository. */
export interface WorkflowExecutionRepository {
  /**
   * Afterwards the run with this id says what `execution` says; created_at stays what it was at the first save. Throws
   * UsageError for a record that cannot be stored and AppError `other_tenant` when the id is another tenant's: nothing
   * is written then.
   */
  save(execution: WorkflowRun): Promise<void>;
}

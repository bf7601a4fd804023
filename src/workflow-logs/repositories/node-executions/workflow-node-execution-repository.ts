import type { NodeExecution } from "./node-execution.ts";
import type { NodeOrder } from "./order-executions.ts";

/**
 * Where a platform writes its node executions while they run, and reads those of a run: Dify's
 * WorkflowNodeExecutionRepository.
 */
export interface WorkflowNodeExecutionRepository {
  /**
   * Afterwards the execution with this id says what `execution` says; created_at stays what it was at the first save.
   * Throws UsageError for a record that cannot be stored and AppError `other_tenant` when the id is another tenant's:
   * nothing is written then.
   */
  save(execution: NodeExecution): Promise<void>;

  /**
   * The same for inputs, process data and outputs alone; the rest only of an execution that is not there yet. Offload
   * rows stay as they are.
   */
  saveExecutionData(execution: NodeExecution): Promise<void>;

  /** The run's executions that are not paused, however many; without an order by (created_at, id). */
  getByWorkflowRun(query: NodesOfRunQuery, order?: NodeOrder): Promise<NodeExecution[]>;
}

export interface NodesOfRunQuery {
  readonly tenantId: string;
  readonly workflowRunId: string;
  readonly appId?: string | undefined;
  /** `workflow-run` when left out. */
  readonly triggeredFrom?: string | undefined;
}

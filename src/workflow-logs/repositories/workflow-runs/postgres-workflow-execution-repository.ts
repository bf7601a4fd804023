import type { Connections } from "../../connections.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import type { WorkflowExecutionRepository } from "./workflow-execution-repository.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class PostgresWorkflowExecutionRepository implements WorkflowExecutionRepository {
  private readonly records: PostgresRecords<WorkflowRun>;

  constructor(connections: Pick<Connections, "postgres" | "state" | "settings">) {
    this.records = new PostgresRecords(connections, workflowRunKind);
  }

  save(execution: WorkflowRun): Promise<void> {
    return this.records.save(execution);
  }
}

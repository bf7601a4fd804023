import type { Connections } from "../../connections.ts";
import { ElasticsearchRecords } from "../records/elasticsearch-records.ts";
import type { WorkflowExecutionRepository } from "./workflow-execution-repository.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class ElasticsearchWorkflowExecutionRepository implements WorkflowExecutionRepository {
  private readonly records: ElasticsearchRecords<WorkflowRun>;

  constructor(connections: Pick<Connections, "elasticsearch" | "settings" | "archive">) {
    this.records = new ElasticsearchRecords(connections, workflowRunKind);
  }

  save(execution: WorkflowRun): Promise<void> {
    return this.records.save(execution);
  }
}

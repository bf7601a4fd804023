import type { DualWrite } from "../dual-write/dual-write.ts";
import { ElasticsearchWorkflowExecutionRepository } from "./elasticsearch-workflow-execution-repository.ts";
import { PostgresWorkflowExecutionRepository } from "./postgres-workflow-execution-repository.ts";
import type { WorkflowExecutionRepository } from "./workflow-execution-repository.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class DualWriteWorkflowExecutionRepository implements WorkflowExecutionRepository {
  private readonly dualWrite: DualWrite;
  private readonly postgres: WorkflowExecutionRepository;
  private readonly elasticsearch: WorkflowExecutionRepository;

  constructor(dualWrite: DualWrite) {
    this.dualWrite = dualWrite;
    this.postgres = new PostgresWorkflowExecutionRepository(dualWrite.connections);
    this.elasticsearch = new ElasticsearchWorkflowExecutionRepository(dualWrite.connections);
  }

  save(execution: WorkflowRun): Promise<void> {
    return this.dualWrite.save(workflowRunKind, execution, {
      postgres: () => this.postgres.save(execution),
      elasticsearch: () => this.elasticsearch.save(execution),
    });
  }
}

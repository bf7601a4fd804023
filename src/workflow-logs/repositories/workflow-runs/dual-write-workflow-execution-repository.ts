import { ElasticsearchAppLogRepository } from "../app-logs/elasticsearch-app-log-repository.ts";
import type { DualWrite } from "../dual-write/dual-write.ts";
import { ElasticsearchWorkflowExecutionRepository } from "./elasticsearch-workflow-execution-repository.ts";
import { PostgresWorkflowExecutionRepository } from "./postgres-workflow-execution-repository.ts";
import { inSaveTime } from "../../save-time.ts";
import type { WorkflowExecutionRepository } from "./workflow-execution-repository.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class DualWriteWorkflowExecutionRepository implements WorkflowExecutionRepository {
  private readonly dualWrite: DualWrite;
  private readonly postgres: WorkflowExecutionRepository;
  private readonly elasticsearch: WorkflowExecutionRepository;

  private readonly appLogs: ElasticsearchAppLogRepository;

  constructor(dualWrite: DualWrite) {
    this.dualWrite = dualWrite;
    this.postgres = new PostgresWorkflowExecutionRepository(dualWrite.connections);
    this.elasticsearch = new ElasticsearchWorkflowExecutionRepository(dualWrite.connections);
    this.appLogs = new ElasticsearchAppLogRepository(dualWrite.connections);
  }

  async save(execution: WorkflowRun): Promise<void> {
    const { id, tenantId, status } = execution;
    await this.dualWrite.save(workflowRunKind, execution, {
      postgres: () => this.postgres.save(execution),
      elasticsearch: () => this.elasticsearch.save(execution),
    });
    const { write } = await this.dualWrite.modes.of(tenantId);
    // app logs show how their run ended; those that have rows follow by themselves
    if (write === "elasticsearch" && hasEnded(status))
      await inSaveTime(this.dualWrite.connections.settings, id, () => this.appLogs.refreshLogsOf(tenantId, [id]));
  }
}

function hasEnded(status: string): boolean {
  return workflowRunKind.logType.endedStatuses!.has(status);
}

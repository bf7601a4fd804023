import type { Connections } from "../../connections.ts";
import { ElasticsearchRecords, type Filter } from "../records/elasticsearch-records.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { keptOffloads } from "./kept-offloads.ts";
import { type NodeExecution, nodeExecutionKind, pausedStatus } from "./node-execution.ts";
import { type NodeOrder, orderExecutions } from "./order-executions.ts";
import type { NodesOfRunQuery, WorkflowNodeExecutionRepository } from "./workflow-node-execution-repository.ts";

export class ElasticsearchWorkflowNodeExecutionRepository implements WorkflowNodeExecutionRepository {
  private readonly records: ElasticsearchRecords<NodeExecution>;

  constructor(connections: Pick<Connections, "elasticsearch" | "settings" | "archive"> & Partly) {
    this.records = new ElasticsearchRecords(connections, nodeExecutionKind, keptOffloads);
  }

  save(execution: NodeExecution): Promise<void> {
    return this.records.save(execution);
  }

  saveExecutionData(execution: NodeExecution): Promise<void> {
    const { inputs, processData, outputs } = execution;
    return this.records.save(execution, (_, existing) => ({ ...existing, inputs, processData, outputs }));
  }

  async getByWorkflowRun(query: NodesOfRunQuery, order?: NodeOrder): Promise<NodeExecution[]> {
    const filters: Filter[] = [
      { term: { workflow_run_id: query.workflowRunId } },
      { term: { triggered_from: query.triggeredFrom ?? "workflow-run" } },
      notPaused,
      ...(query.appId === undefined ? [] : [{ term: { app_id: query.appId } }]),
    ];
    const documents = await this.records.query(query.tenantId, filters);
    return orderExecutions(await this.records.list(documents, { direction: "asc" }, Number.POSITIVE_INFINITY), order);
  }
}

export const notPaused: Filter = { bool: { must_not: [{ term: { status: pausedStatus } }] } };

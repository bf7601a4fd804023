import { sql } from "kysely";
import type { Connections } from "../../connections.ts";
import { allOf } from "../records/log-table.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import { validateWritten } from "../records/refused-records.ts";
import { type NodeExecution, nodeExecutionKind, pausedStatus } from "./node-execution.ts";
import { type NodeOrder, orderExecutions } from "./order-executions.ts";
import type { NodesOfRunQuery, WorkflowNodeExecutionRepository } from "./workflow-node-execution-repository.ts";

export class PostgresWorkflowNodeExecutionRepository implements WorkflowNodeExecutionRepository {
  private readonly records: PostgresRecords<NodeExecution>;

  constructor(connections: Pick<Connections, "postgres" | "state" | "settings"> & Partly) {
    this.records = new PostgresRecords(connections, nodeExecutionKind);
  }

  save(execution: NodeExecution): Promise<void> {
    return this.records.save(execution);
  }

  async saveExecutionData(execution: NodeExecution): Promise<void> {
    validateWritten(execution);
    const table = await this.records.table();
    const { id, tenantId, inputs, processData, outputs } = execution;
    const { numAffectedRows } = await sql`update ${table.name} t
      set inputs = ${inputs}, process_data = ${processData}, outputs = ${outputs}
      where ${allOf([table.is("id", id), table.is("tenantId", tenantId)])}`.execute(this.records.db);
    if (numAffectedRows === 0n) await this.records.save(execution);
  }

  async getByWorkflowRun(query: NodesOfRunQuery, order?: NodeOrder): Promise<NodeExecution[]> {
    const table = await this.records.table();
    const conditions = [
      table.is("tenantId", query.tenantId),
      table.is("workflowRunId", query.workflowRunId),
      table.is("triggeredFrom", query.triggeredFrom ?? "workflow-run"),
      sql`t.status::text <> ${pausedStatus}`,
      ...(query.appId === undefined ? [] : [table.is("appId", query.appId)]),
    ];
    return orderExecutions(await this.records.read(sql`where ${allOf(conditions)}`), order);
  }
}

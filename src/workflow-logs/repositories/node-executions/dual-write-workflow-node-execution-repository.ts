import { DualReads } from "../dual-write/reads/dual-reads.ts";
import type { DualWrite } from "../dual-write/dual-write.ts";
import { ElasticsearchWorkflowNodeExecutionRepository } from "./elasticsearch-workflow-node-execution-repository.ts";
import { type NodeExecution, nodeExecutionKind } from "./node-execution.ts";
import { type NodeOrder, orderExecutions } from "./order-executions.ts";
import { PostgresWorkflowNodeExecutionRepository } from "./postgres-workflow-node-execution-repository.ts";
import type { NodesOfRunQuery, WorkflowNodeExecutionRepository } from "./workflow-node-execution-repository.ts";

export class DualWriteWorkflowNodeExecutionRepository implements WorkflowNodeExecutionRepository {
  private readonly dualWrite: DualWrite;
  private readonly reads: DualReads<WorkflowNodeExecutionRepository, NodeExecution>;
  private readonly postgres: WorkflowNodeExecutionRepository;
  private readonly elasticsearch: WorkflowNodeExecutionRepository;

  constructor(dualWrite: DualWrite) {
    this.dualWrite = dualWrite;
    this.reads = new DualReads<WorkflowNodeExecutionRepository, NodeExecution>(dualWrite, nodeExecutionKind, {
      postgres: (connections) => new PostgresWorkflowNodeExecutionRepository(connections),
      elasticsearch: (connections) => new ElasticsearchWorkflowNodeExecutionRepository(connections),
    });
    this.postgres = new PostgresWorkflowNodeExecutionRepository(dualWrite.connections);
    this.elasticsearch = new ElasticsearchWorkflowNodeExecutionRepository(dualWrite.connections);
  }

  save(execution: NodeExecution): Promise<void> {
    return this.dualWrite.save(nodeExecutionKind, execution, {
      postgres: () => this.postgres.save(execution),
      elasticsearch: () => this.elasticsearch.save(execution),
    });
  }

  saveExecutionData(execution: NodeExecution): Promise<void> {
    return this.dualWrite.save(nodeExecutionKind, execution, {
      postgres: () => this.postgres.saveExecutionData(execution),
      elasticsearch: () => this.elasticsearch.saveExecutionData(execution),
    });
  }

  getByWorkflowRun(query: NodesOfRunQuery, order?: NodeOrder): Promise<NodeExecution[]> {
    return this.reads.read(query.tenantId, {
      method: "getByWorkflowRun",
      ask: (nodes) => nodes.getByWorkflowRun(query, order),
      merge: (own, other) => orderExecutions([...own, ...other], order),
    });
  }
}

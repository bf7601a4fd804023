// src/workflow-logs/partitions owns what is copied: data types, months, scopes, the tables as they are found, the
// plan of a run, and the lock of a partition. It never moves a row.

/** The three kinds of logs, by the names that commands, tables and reports use. */
export const dataTypes = ["workflow_runs", "app_logs", "node_executions"] as const;
export type DataType = (typeof dataTypes)[number];

/**
 * One data type of one tenant in one month (`YYYY-MM`, UTC, by created_at): the unit of planning, checkpoint and
 * retention.
 */
export interface Partition {
  readonly dataType: DataType;
  readonly tenantId: string;
  readonly month: string;
}

export interface LogType {
  readonly dataType: DataType;
  /** The table in Dify's schema. */
  readonly table: string;
  /** The word in index and template names. */
  readonly resource: string;
  /** Columns whose decoded text is searched, most useful first. */
  readonly searchColumns: readonly string[];
  /** Statuses after which a row does not change any more; undefined where rows never change. */
  readonly endedStatuses: ReadonlySet<string> | undefined;
  /** Rows may have offload rows, which travel inside their document. */
  readonly hasOffloads: boolean;
}

/** Ended states: Dify's WorkflowExecutionStatus.ended_values and the node states that it never leaves. */
export const logTypes: Readonly<Record<DataType, LogType>> = {
  workflow_runs: {
    dataType: "workflow_runs",
    table: "workflow_runs",
    resource: "workflow-runs",
    searchColumns: ["inputs", "outputs", "error"],
    endedStatuses: new Set(["succeeded", "failed", "partial-succeeded", "stopped"]),
    hasOffloads: false,
  },
  app_logs: {
    dataType: "app_logs",
    table: "workflow_app_logs",
    resource: "workflow-app-logs",
    searchColumns: [],
    endedStatuses: undefined,
    hasOffloads: false,
  },
  node_executions: {
    dataType: "node_executions",
    table: "workflow_node_executions",
    resource: "workflow-node-executions",
    searchColumns: ["title", "inputs", "outputs", "error", "process_data"],
    endedStatuses: new Set(["succeeded", "failed", "exception", "stopped"]),
    hasOffloads: true,
  },
};

export const offloadTable = "workflow_node_execution_offload";
export const resources: readonly string[] = dataTypes.map((type) => logTypes[type].resource);

/** Of a word in the name of an index. */
export function dataTypeOf(resource: string): DataType {
  return dataTypes.find((type) => logTypes[type].resource === resource)!;
}

/** By tenant, data type and month, for sorting. */
export function comparePartitions(a: Partition, b: Partition): number {
  return a.tenantId.localeCompare(b.tenantId) || a.dataType.localeCompare(b.dataType) || (a.month < b.month ? -1 : 1);
}

export function partitionKey({ dataType, tenantId, month }: Partition): string {
  return `${dataType}/${tenantId}/${month}`;
}

/** Of a key that partitionKey made. */
export function partitionOfKey(key: string): Partition {
  const [dataType, tenantId, month] = key.split("/");
  return { dataType, tenantId, month } as Partition;
}

const words = { workflow_runs: "runs", app_logs: "app logs", node_executions: "nodes" } as const;

/** As progress names it. */
export function labelOf({ dataType, tenantId, month }: Partition): string {
  return `${words[dataType]} ${tenantId} ${month}`;
}

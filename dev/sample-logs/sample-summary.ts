import { type DataType, dataTypes, type TableName, type TableRow } from "./tables.ts";
import { monthOf } from "./timestamps.ts";

/** What was generated, so that a test can compare what arrived. */
export interface SampleSummary {
  /** Rows by table, ordinary and hostile. */
  tables: Partial<Record<TableName, number>>;
  partitions: PartitionCount[];
  /** Every tenant with rows of a data type, also those without a row in `tenants`. */
  tenants: string[];
  /** First and last created_at of rows that have a month. */
  range: { first: string; last: string } | undefined;
}

export interface PartitionCount {
  dataType: DataType;
  tenantId: string;
  /** `YYYY-MM`; null counts rows whose created_at has no month, which no partition can take. */
  month: string | null;
  rows: number;
}

export interface SummaryCounter {
  add(row: TableRow): void;
  summary(): SampleSummary;
}

export function createSummaryCounter(): SummaryCounter {
  const tables: Partial<Record<TableName, number>> = {};
  const counts = new Map<string, PartitionCount>();
  let [first, last] = ["9", ""];

  function addPartition(dataType: DataType, tenantId: string, createdAt: string): void {
    const month = monthOf(createdAt) ?? null;
    const key = `${dataType}/${tenantId}/${month}`;
    const count = counts.get(key);
    if (count) count.rows++;
    else counts.set(key, { dataType, tenantId, month, rows: 1 });
    if (month === null) return;
    if (createdAt < first) first = createdAt;
    if (createdAt > last) last = createdAt;
  }

  return {
    add({ table, row }) {
      tables[table] = (tables[table] ?? 0) + 1;
      if (table === dataTypes.workflow_runs) addPartition("workflow_runs", row.tenant_id ?? "", row.created_at ?? "");
      if (table === dataTypes.app_logs) addPartition("app_logs", row.tenant_id ?? "", row.created_at ?? "");
      if (table === dataTypes.node_executions)
        addPartition("node_executions", row.tenant_id ?? "", row.created_at ?? "");
    },
    summary() {
      const partitions = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
      const tenants = [...new Set(partitions.map(({ tenantId }) => tenantId))];
      return { tables, partitions, tenants, range: last === "" ? undefined : { first, last } };
    },
  };
}

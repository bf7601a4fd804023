import { type RawBuilder, sql } from "kysely";
import type { Pool } from "pg";
import { inspectTable } from "../../../stores/postgres/table.ts";
import { offloadTable } from "../../partitions/log-types.ts";
import { allOf, type Condition } from "../records/log-table.ts";
import type { PostgresRecords } from "../records/postgres-records.ts";
import type { NodeCounts } from "./api-workflow-node-execution-repository.ts";
import type { NodeExecution } from "./node-execution.ts";

/** Node executions together with their offload rows, in statements of a batch each. */
export class PostgresNodeDeletes {
  private readonly pool: Pool;
  private readonly records: PostgresRecords<NodeExecution>;

  constructor(pool: Pool, records: PostgresRecords<NodeExecution>) {
    this.pool = pool;
    this.records = records;
  }

  async count(conditions: readonly Condition[]): Promise<NodeCounts> {
    const table = await this.records.table();
    const offloads = await this.offloads();
    const found = sql`select t.id from ${table.name} t where ${allOf(conditions)}`;
    return this.counts(sql`with found as (${found})
      select (select count(*) from found) as nodes,
             ${offloads === undefined ? sql`0` : sql`(select count(*) from ${offloads} o join found on found.id = o.node_execution_id)`} as offloads`);
  }

  /** Afterwards there is none for which every condition holds; how many there were. */
  async delete(conditions: readonly Condition[], batchSize: number): Promise<NodeCounts> {
    const table = await this.records.table();
    const offloads = await this.offloads();
    const some = sql`select t.id from ${table.name} t where ${allOf(conditions)} limit ${batchSize}`;
    const gone = sql`gone as (delete from ${table.name} t where ${allOf(conditions)} and t.id in (${some}) returning t.id)`;
    const withOffloads =
      offloads === undefined
        ? sql`with ${gone} select (select count(*) from gone) as nodes, 0 as offloads`
        : sql`with ${gone}, offloads as (delete from ${offloads} o using gone where o.node_execution_id = gone.id returning 1)
            select (select count(*) from gone) as nodes, (select count(*) from offloads) as offloads`;
    const deleted = { nodeExecutions: 0, offloads: 0 };
    for (;;) {
      const batch = await this.counts(withOffloads);
      deleted.nodeExecutions += batch.nodeExecutions;
      deleted.offloads += batch.offloads;
      if (batch.nodeExecutions === 0) return deleted;
    }
  }

  private async counts(statement: RawBuilder<unknown>): Promise<NodeCounts> {
    const { rows } = await (statement as RawBuilder<{ nodes: string; offloads: string }>).execute(this.records.db);
    return { nodeExecutions: Number(rows[0]!.nodes), offloads: Number(rows[0]!.offloads) };
  }

  /** Dify has the table from 1.9 on: it may come while this runs. */
  private async offloads(): Promise<RawBuilder<unknown> | undefined> {
    const table = await inspectTable(this.pool, offloadTable);
    return table && sql.raw(table.sqlName);
  }
}

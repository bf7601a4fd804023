import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Prng } from "../../../dev/sample-logs/prng.ts";
import { insertNode, insertOffload, insertRun } from "../../support/insert-run.ts";
import { archivedTables, type ArchivedTable } from "../../support/source-rows.ts";
import type { TestArchive } from "../../support/test-archive.ts";

const tenants = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"] as const;
const days = ["2025-08-20 10:00:00.5", "2025-08-31 23:59:59.999999", "2025-09-01"] as const;

type TableName = ArchivedTable["table"];

const recentRows = 20;
/** Between two transactions of a connection: the commands under test need some of the machine too. */
const pauseMillis = 5;

/** What happens to others: locks not waited for, rows another writer had first. Then the transaction did not happen. */
const harmless = new Set(["55P03", "40P01", "40001", "23505", "25P02"]);

/**
 * An application with several connections that writes some hundred times a second or more: runs and nodes that begin,
 * are retried, paused, resumed and end; late changes of ended ones; months and tenants that change; offload rows;
 * deletes, returns, rollbacks, and commits long after the write.
 */
export class LivePlatform {
  readonly deleted = new Set<string>();
  operations = 0;
  private readonly archive: TestArchive;
  private readonly prng: Prng;
  private readonly ids = new Map<TableName, string[]>(archivedTables.map(({ table }) => [table, []]));
  private stopping = false;
  private writers: Promise<void>[] = [];

  constructor(archive: TestArchive, prng: Prng) {
    this.archive = archive;
    this.prng = prng;
  }

  async begin(runs: number): Promise<void> {
    for (let at = 0; at < runs; at++) await this.insertRun(this.archive.sql);
  }

  start(connections: number): void {
    this.writers = Array.from({ length: connections }, (_, at) => this.write(at === 0));
  }

  /** Resolves when every transaction has been committed or rolled back. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.writers);
  }

  private async write(commitsLate: boolean): Promise<void> {
    const sql = new Client({ connectionString: this.archive.databaseUrl });
    await sql.connect();
    await sql.query("SET lock_timeout = '20ms'; SET synchronous_commit = off");
    while (!this.stopping) {
      try {
        await sql.query("BEGIN");
        const gone: string[] = [];
        for (let left = this.prng.integer(1, 6); left > 0; left--) {
          await this.act(sql, gone);
          this.operations++;
        }
        if (commitsLate) await sleep(this.prng.integer(0, 1500));
        const isCommitted = this.prng.chance(0.85);
        await sql.query(isCommitted ? "COMMIT" : "ROLLBACK");
        if (isCommitted) for (const id of gone) this.deleted.add(id);
        await sleep(pauseMillis);
      } catch (error) {
        if (!harmless.has((error as { code?: string }).code ?? "")) throw error;
        await sql.query("ROLLBACK");
      }
    }
    await sql.end();
  }

  private act(sql: Client, gone: string[]): Promise<unknown> {
    const { prng } = this;
    const set = (table: TableName, change: string, ...values: unknown[]) =>
      sql.query(`UPDATE ${table} SET ${change} WHERE id = $1`, [this.someId(table), ...values]);
    const any = (): TableName => prng.pick(archivedTables).table;
    const actions: readonly [number, () => Promise<unknown>][] = [
      [6, () => this.insertRun(sql)],
      [6, () => set("workflow_runs", "status = 'running', outputs = NULL, finished_at = NULL")],
      [6, () => set("workflow_runs", "status = 'succeeded', outputs = $2, finished_at = now()", `"${randomUUID()}"`)],
      [3, () => set("workflow_runs", "status = 'paused'")],
      [8, () => set("workflow_node_executions", "status = 'retry', process_data = $2", `"${randomUUID()}"`)],
      [8, () => set("workflow_node_executions", "status = 'succeeded', outputs = $2", `"${randomUUID()}"`)],
      [2, () => set("workflow_app_logs", "created_from = $2", prng.pick(["web-app", "service-api"]))],
      [2, () => set(any(), "created_at = $2", prng.pick(days))],
      [1, () => set(any(), "tenant_id = $2", prng.pick(tenants))],
      [2, () => insertOffload(sql, prng.pick(tenants), this.someId("workflow_node_executions"), "outputs")],
      [
        1,
        () =>
          sql.query("DELETE FROM workflow_node_execution_offload WHERE node_execution_id = $1", [
            this.someId("workflow_node_executions"),
          ]),
      ],
      [
        1,
        () =>
          sql.query("UPDATE workflow_runs SET elapsed_time = elapsed_time + 1 WHERE created_at = $1", [
            prng.pick(days),
          ]),
      ],
      [3, () => this.delete(sql, any(), gone)],
      [1, () => this.deleteAndReturn(sql, any())],
    ];
    let at = prng.integer(
      1,
      actions.reduce((sum, [weight]) => sum + weight, 0),
    );
    return actions.find(([weight]) => (at -= weight) <= 0)![1]();
  }

  private async insertRun(sql: Client): Promise<void> {
    const { prng } = this;
    const [tenantId, createdAt] = [prng.pick(tenants), prng.pick(days)];
    const { runId, logId, nodeIds } = await insertRun(sql, {
      tenantId,
      createdAt,
      status: prng.pick(["running", "succeeded"]),
    });
    const single = prng.chance(0.3) ? [await insertNode(sql, { tenantId, runId: null, createdAt })] : [];
    this.ids.get("workflow_runs")!.push(runId);
    this.ids.get("workflow_app_logs")!.push(logId);
    this.ids.get("workflow_node_executions")!.push(...nodeIds, ...single);
  }

  private async delete(sql: Client, table: TableName, gone: string[]): Promise<void> {
    const id = this.someId(table);
    const { rowCount } = await sql.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
    if (rowCount === 1) gone.push(id);
  }

  /** The same id again, at another time. */
  private async deleteAndReturn(sql: Client, table: TableName): Promise<void> {
    const id = this.someId(table);
    await sql.query(`CREATE TEMP TABLE returning_row ON COMMIT DROP AS SELECT * FROM ${table} WHERE id = $1`, [id]);
    await sql.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
    await sql.query("UPDATE returning_row SET created_at = $1", [this.prng.pick(days)]);
    await sql.query(`INSERT INTO ${table} SELECT * FROM returning_row`);
    await sql.query("DROP TABLE returning_row");
  }

  /**
   * Mostly one that began lately: a row is written several times within a second or so, and then seldom again, so that
   * nothing mends what was missed.
   */
  private someId(table: TableName): string {
    const ids = this.ids.get(table)!;
    return this.prng.pick(this.prng.chance(0.9) ? ids.slice(-recentRows) : ids);
  }
}

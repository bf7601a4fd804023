import { randomUUID } from "node:crypto";
import { Client } from "pg";
import type { Prng } from "../../../dev/sample-logs/prng.ts";
import { ExactNumber } from "../../support/archived-documents.ts";
import { compareDocument } from "../../support/compare-document.ts";
import { insertNode, insertOffload, insertRun } from "../../support/insert-run.ts";
import {
  type ArchivedTable,
  archivedTables,
  columnsOf,
  printExactly,
  readRows,
  type SourceColumn,
  type SourceRow,
} from "../../support/source-rows.ts";
import type { TestArchive } from "../../support/test-archive.ts";

type TableName = ArchivedTable["table"];

/**
 * An application that writes into the log tables, and remembers the last content of every row it committed and did not
 * delete itself. Its statements give up when a lock is held, and then did not happen.
 */
export class Platform {
  readonly tenantId: string;
  private readonly archive: TestArchive;
  private readonly prng: Prng;
  private readonly sql: Client;
  private readonly slow: Client;
  private pending: { table: TableName; id: string } | undefined;
  private readonly rows = new Map<TableName, Map<string, SourceRow>>(
    archivedTables.map(({ table }) => [table, new Map()]),
  );
  private readonly offloads = new Map<string, { nodeId: string; text: string }>();
  private readonly columns = new Map<TableName, SourceColumn[]>();
  done = 0;

  private constructor(archive: TestArchive, tenantId: string, prng: Prng, sql: Client, slow: Client) {
    this.archive = archive;
    this.tenantId = tenantId;
    this.prng = prng;
    this.sql = sql;
    this.slow = slow;
  }

  static async open(archive: TestArchive, tenantId: string, prng: Prng): Promise<Platform> {
    const connect = async (): Promise<Client> => {
      const client = new Client({ connectionString: archive.databaseUrl });
      await client.connect();
      await printExactly(client);
      await client.query("SET lock_timeout = '20ms'");
      return client;
    };
    const platform = new Platform(archive, tenantId, prng, await connect(), await connect());
    for (const { table } of archivedTables) platform.columns.set(table, await columnsOf(platform.sql, table));
    return platform;
  }

  async close(): Promise<void> {
    await Promise.all([this.sql.end(), this.slow.end()]);
  }

  /** Runs that have ended, some with offload rows, all of the minute that is given. */
  async begin(createdAt: string): Promise<void> {
    for (let run = 0; run < 3; run++) {
      const { runId, logId, nodeIds } = await insertRun(this.sql, { tenantId: this.tenantId, createdAt, nodes: 2 });
      if (this.prng.chance(0.5)) await insertOffload(this.sql, this.tenantId, nodeIds[0]!, "inputs");
      await this.remember("workflow_runs", runId);
      await this.remember("workflow_app_logs", logId);
      for (const id of nodeIds) await this.remember("workflow_node_executions", id);
    }
  }

  /**
   * One thing that an application might do at any moment. `mayAdd` is false where nothing could see in time that
   * something was added to what is about to go: it would lose nothing, but be left behind alone.
   */
  async act(mayAdd = true): Promise<void> {
    if (this.pending !== undefined && this.prng.chance(0.6)) return this.commitPending();
    const actions = [
      () => this.change("workflow_runs", "outputs = $2"),
      () => this.change("workflow_runs", "status = 'running', outputs = $2"),
      () => this.change("workflow_app_logs", "created_from = left($2, 20)"),
      () => this.change("workflow_node_executions", "outputs = $2"),
      // another version, the same content
      () => this.change("workflow_node_executions", "title = title || left($2, 0)"),
      () => this.delete("workflow_node_executions"),
      () => this.delete("workflow_runs"),
      ...(mayAdd ? [() => this.addNode(), () => this.addOffload()] : []),
      () => this.changeOffload(),
      () => this.beginSlowly(),
    ];
    try {
      await this.prng.pick(actions)();
      this.done++;
    } catch (error) {
      if (!["55P03", "23505"].includes((error as { code?: string }).code ?? "")) throw error;
    }
  }

  /** What a transaction left open comes to. */
  async commitPending(): Promise<void> {
    if (this.pending === undefined) return;
    const { table, id } = this.pending;
    this.pending = undefined;
    await this.slow.query("COMMIT");
    await this.remember(table, id);
  }

  /**
   * Alters or deletes a document behind the archive's back, of a row that is in PostgreSQL: then that row must stay.
   */
  async spoilDocument(): Promise<void> {
    const table = this.prng.pick(archivedTables);
    const id = await this.someId(table.table);
    if (id === undefined) return;
    const url = `${this.archive.elasticsearchUrl}/${this.index(table)}/_doc/${id}`;
    const found = (await (await fetch(url)).json()) as { found: boolean; _source: Record<string, unknown> };
    if (!found.found) return;
    if (this.prng.chance(0.3)) return void (await fetch(url, { method: "DELETE" }));
    const body = JSON.stringify({ ...found._source, created_by: randomUUID() });
    await fetch(url, { method: "PUT", body, headers: { "content-type": "application/json" } });
  }

  /** Every row and offload row is in PostgreSQL or in Elasticsearch with its last content; names those that are not. */
  async lost(): Promise<string[]> {
    const lost: string[] = [];
    const documents = new Map<string, Record<string, unknown>>();
    for (const table of archivedTables) {
      const remembered = this.rows.get(table.table)!;
      const now = await this.read(table, [...remembered.keys()]);
      const found = await this.documents(table, [...remembered.keys()]);
      for (const [id, row] of remembered) {
        const present = now.get(id);
        const document = found.get(id);
        if (document !== undefined) documents.set(id, document);
        if (present !== undefined) {
          if (JSON.stringify(present.texts) !== JSON.stringify(row.texts))
            lost.push(`${table.table} ${id}: changed in PostgreSQL`);
          continue;
        }
        if (document === undefined) lost.push(`${table.table} ${id}: in neither store`);
        else if (
          compareDocument({ ...row, offloads: [] }, this.columns.get(table.table)!, withoutOffloads(document)).length >
          0
        )
          lost.push(`${table.table} ${id}: only older content is left`);
      }
    }
    return [...lost, ...(await this.lostOffloads(documents)), ...(await this.leftAlone())];
  }

  /** How many of the rows are not in PostgreSQL any more; each of them is in the journal. */
  async purged(): Promise<number> {
    let gone = 0;
    for (const table of archivedTables) {
      const ids = [...this.rows.get(table.table)!.keys()];
      const now = await this.read(table, ids);
      const missing = ids.filter((id) => !now.has(id));
      gone += missing.length;
      const { rows } = await this.sql.query<{ journalled: number }>(
        "SELECT count(*)::int AS journalled FROM log_archive.purged_rows WHERE data_type = $1 AND record_id = ANY($2)",
        [table.dataType, missing],
      );
      if (rows[0]!.journalled !== missing.length) throw new Error(`${table.table}: the journal lacks rows`);
      const { rowCount } = await this.sql.query(
        `SELECT FROM log_archive.purged_rows p JOIN ${table.table} t ON t.id::text = p.record_id WHERE p.data_type = $1`,
        [table.dataType],
      );
      if (rowCount !== 0) throw new Error(`${table.table}: the journal names rows that are there`);
    }
    return gone;
  }

  private async lostOffloads(documents: ReadonlyMap<string, Record<string, unknown>>): Promise<string[]> {
    const present = await this.readOffloads();
    return [...this.offloads].flatMap(([id, { nodeId, text }]) => {
      if (present.has(id)) return present.get(id)!.text === text ? [] : [`offload row ${id}: changed in PostgreSQL`];
      const { offloads = [] } = (documents.get(nodeId)?.["archive"] ?? {}) as { offloads?: Record<string, unknown>[] };
      const archived = offloads.some(({ file: _file, ...texts }) => sortedText(texts) === text);
      return archived ? [] : [`offload row ${id} of ${nodeId}: in neither store`];
    });
  }

  /** What belongs to a row that the purge deleted, not the application, and was left behind. */
  private async leftAlone(): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string; parent: string }>(
      `SELECT o.id::text AS id, o.node_execution_id::text AS parent FROM workflow_node_execution_offload o
        WHERE NOT EXISTS (SELECT FROM workflow_node_executions n WHERE n.id = o.node_execution_id)
       UNION ALL SELECT n.id::text, n.workflow_run_id::text FROM workflow_node_executions n
        WHERE NOT EXISTS (SELECT FROM workflow_runs r WHERE r.id = n.workflow_run_id)`,
    );
    const known = (id: string): boolean => [...this.rows.values()].some((ids) => ids.has(id));
    return rows.filter(({ parent }) => known(parent)).map(({ id, parent }) => `${id}: left behind by ${parent}`);
  }

  private async change(table: TableName, set: string): Promise<void> {
    const id = await this.someId(table);
    if (id === undefined) return;
    await this.sql.query(`UPDATE ${table} SET ${set} WHERE id = $1`, [id, `"${randomUUID()}"`]);
    await this.remember(table, id);
  }

  private async delete(table: TableName): Promise<void> {
    const id = await this.someId(table);
    if (id === undefined) return;
    const { rowCount } = await this.sql.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
    if (rowCount === 1) this.rows.get(table)!.delete(id);
  }

  private async addNode(): Promise<void> {
    const runId = await this.someId("workflow_runs");
    if (runId === undefined) return;
    const createdAt = this.rows.get("workflow_runs")!.get(runId)!.texts["created_at"]!;
    const id = await insertNode(this.sql, { tenantId: this.tenantId, runId, createdAt });
    await this.remember("workflow_node_executions", id);
  }

  private async addOffload(): Promise<void> {
    const nodeId = await this.someId("workflow_node_executions");
    if (nodeId === undefined) return;
    await insertOffload(this.sql, this.tenantId, nodeId, this.prng.pick(["outputs", "process_data"]));
    await this.rememberOffloads();
  }

  private async changeOffload(): Promise<void> {
    const [id] = this.offloads.keys();
    if (id === undefined) return;
    await this.sql.query("UPDATE workflow_node_execution_offload SET app_id = $1 WHERE id = $2", [randomUUID(), id]);
    await this.rememberOffloads();
  }

  private async beginSlowly(): Promise<void> {
    if (this.pending !== undefined) return;
    const table = this.prng.pick(archivedTables).table;
    const id = await this.someId(table);
    if (id === undefined) return;
    await this.slow.query("BEGIN");
    try {
      await this.slow.query(`UPDATE ${table} SET created_by = $2 WHERE id = $1`, [id, randomUUID()]);
      this.pending = { table, id };
    } catch (error) {
      await this.slow.query("ROLLBACK");
      throw error;
    }
  }

  /** A row that is in PostgreSQL now. */
  private async someId(table: TableName): Promise<string | undefined> {
    const { rows } = await this.sql.query<{ id: string }>(
      `SELECT id::text AS id FROM ${table} WHERE id = ANY($1) ORDER BY id`,
      [[...this.rows.get(table)!.keys()]],
    );
    return rows.length === 0 ? undefined : this.prng.pick(rows).id;
  }

  private async remember(table: TableName, id: string): Promise<void> {
    const row = (
      await this.read(
        archivedTables.find((candidate) => candidate.table === table)!,
        [id],
      )
    ).get(id);
    if (row !== undefined) this.rows.get(table)!.set(id, row);
    if (table === "workflow_node_executions") await this.rememberOffloads();
  }

  private async rememberOffloads(): Promise<void> {
    for (const [id, offload] of await this.readOffloads()) this.offloads.set(id, offload);
  }

  private async readOffloads(): Promise<Map<string, { nodeId: string; text: string }>> {
    const { rows } = await this.sql.query<{ id: string; nodeId: string; texts: Record<string, unknown> }>(
      `SELECT id::text AS id, node_execution_id::text AS "nodeId", json_build_object('id', id::text, 'created_at', created_at::text, 'tenant_id', tenant_id::text,
         'app_id', app_id::text, 'node_execution_id', node_execution_id::text, 'type', type::text, 'file_id', file_id::text) AS texts
         FROM workflow_node_execution_offload WHERE tenant_id = $1`,
      [this.tenantId],
    );
    return new Map(rows.map(({ id, nodeId, texts }) => [id, { nodeId, text: sortedText(texts) }]));
  }

  private read(table: ArchivedTable, ids: readonly string[]): Promise<Map<string, SourceRow>> {
    return readRows(this.sql, table, this.columns.get(table.table)!, ids, "UTC");
  }

  private async documents(table: ArchivedTable, ids: readonly string[]): Promise<Map<string, Record<string, unknown>>> {
    if (ids.length === 0) return new Map();
    const answer = await fetch(`${this.archive.elasticsearchUrl}/${this.index(table)}/_mget`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ids }),
    });
    const { docs } = JSON.parse(await answer.text(), (_key, value: unknown, context?: { source?: string }) =>
      typeof value === "number" ? new ExactNumber(context?.source ?? String(value)) : value,
    ) as { docs: { _id: string; _source?: Record<string, unknown> }[] };
    return new Map(docs.flatMap(({ _id, _source }) => (_source === undefined ? [] : [[_id, _source] as const])));
  }

  private index({ resource }: ArchivedTable): string {
    return `${this.archive.prefix}-${resource}-${this.tenantId}-2025.09`;
  }
}

function withoutOffloads({ archive, ...document }: Record<string, unknown>): Record<string, unknown> {
  const { offloads: _offloads, ...rest } = archive as Record<string, unknown>;
  return { ...document, archive: rest };
}

function sortedText(texts: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(texts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

import type { Client } from "@elastic/elasticsearch";
import { ensureIndex, type NamedIndex } from "../../../stores/elasticsearch/indices/indices.ts";
import { mappingOf } from "../../../stores/elasticsearch/indices/template-files.ts";
import type { Connections } from "../../connections.ts";
import { withVersion } from "../../documents/row-layout.ts";
import type { DataType, Partition } from "../../partitions/log-types.ts";
import { inspectSources, type SourceTable } from "../../partitions/source-schema.ts";
import { PostgresLogs } from "../../rows/postgres-logs.ts";
import { followPartition, type Outcomes } from "./follow-partition.ts";
import { type RowName, rowKey } from "./row-name.ts";
import type { TemplatesOnce } from "./templates-once.ts";

/** What became of rows that were to be followed; those in none of the lists need nothing more. */
export interface Followed {
  /** Why, by the key of the row. */
  readonly failed: ReadonlyMap<string, unknown>;
  /** Another writer was at their document meanwhile. */
  readonly again: readonly RowName[];
  /** Rows whose documents carry something of these. */
  readonly touched: readonly RowName[];
}

/** Makes documents say what their rows say now, whoever wrote these. */
export class RowFollower {
  private readonly connections: Connections;
  private readonly elasticsearch: Client;
  private readonly sources = new Map<DataType, SourceTable>();
  private readonly ensured = new Set<string>();
  private readonly templates: TemplatesOnce;

  constructor(connections: Connections, templates: TemplatesOnce, budgetMillis: number) {
    this.connections = connections;
    this.templates = templates;
    // what is not written within the budget is repaired later: no retries here
    this.elasticsearch = connections.elasticsearch.child({ requestTimeout: budgetMillis, maxRetries: 0 });
  }

  /** Rows of one data type. Those that are another tenant's, or gone, are left alone. Never rejects. */
  async follow(dataType: DataType, rows: readonly RowName[]): Promise<Followed> {
    const outcomes: Outcomes = { failed: new Map(), again: [], touched: [] };
    try {
      await this.connections.archive.claimForWrites(this.elasticsearch);
      await this.templates.install(this.elasticsearch, this.connections.settings.template);
      const logs = await this.logs(dataType);
      for (const [partition, ids] of await this.byPartition(logs, rows)) {
        try {
          const { resource } = logs.logType;
          const ensure = (name: string): Promise<void> => this.ensure({ ...partition, resource, name });
          const { connections, elasticsearch } = this;
          await followPartition({ connections, elasticsearch, ensure, logs, partition, ids }, outcomes);
        } catch (error) {
          this.lookAgain();
          for (const id of ids) outcomes.failed.set(rowKey({ dataType, id }), error);
        }
      }
    } catch (error) {
      this.lookAgain();
      for (const row of rows) outcomes.failed.set(rowKey(row), error);
    }
    return outcomes;
  }

  private async byPartition(logs: PostgresLogs, rows: readonly RowName[]): Promise<[Partition, string[]][]> {
    const { dataType } = logs.logType;
    const ids = rows.map(({ id }) => id);
    const places = await logs.locate(ids, this.connections.settings.sourceTimeZone);
    const there = rows.filter(({ id, tenantId }) => {
      const place = places.get(id);
      return place !== undefined && place.month !== null && place.tenantId === tenantId;
    });
    const groups = Map.groupBy(there, ({ id, tenantId }) => `${places.get(id)!.month} ${tenantId}`);
    return Array.from(groups.values(), (some) => [
      { dataType, tenantId: some[0]!.tenantId, month: places.get(some[0]!.id)!.month! },
      some.map(({ id }) => id),
    ]);
  }

  private async logs(dataType: DataType): Promise<PostgresLogs> {
    const { postgres, settings } = this.connections;
    const known = this.sources.get(dataType);
    if (known !== undefined) return new PostgresLogs(postgres, known);
    const scope = { dataTypes: [dataType], tenantIds: [] };
    const [source] = await inspectSources(postgres, scope, settings.searchText);
    const versioned = { ...source!, layout: withVersion(source!.layout) };
    this.sources.set(dataType, versioned);
    return new PostgresLogs(postgres, versioned);
  }

  private async ensure(index: NamedIndex): Promise<void> {
    if (this.ensured.has(index.name)) return;
    await ensureIndex(this.elasticsearch, this.connections.archive, index, mappingOf(index.resource));
    this.ensured.add(index.name);
  }

  /** A table, a template or an index may be another than it was. */
  private lookAgain(): void {
    this.sources.clear();
    this.ensured.clear();
    this.templates.lookAgain();
  }
}

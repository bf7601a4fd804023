import { createClient } from "../../src/stores/elasticsearch/client.ts";
import { indexName } from "../../src/stores/elasticsearch/indices/index-names.ts";
import { installTemplates } from "../../src/stores/elasticsearch/indices/templates.ts";
import { logTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import type { Outcome } from "../support/measure.ts";
import type { SampleArchive } from "../support/sample-archive.ts";

const { resource } = logTypes.node_executions;

/** The indices of the archive's node executions, as migrate makes them: same names, mapping and settings. */
export class Target {
  readonly indices: readonly string[];
  /** All names but for the month at their end, as YYYY.MM. */
  readonly indexBase: string;
  readonly rows: number;
  private readonly client;
  private readonly prefix: string;

  constructor({ elasticsearchUrl, prefix, logs, tenantId }: SampleArchive) {
    const partitions = logs.partitions.filter(({ dataType }) => dataType === "node_executions");
    this.prefix = prefix;
    this.rows = partitions.reduce((sum, { rows }) => sum + rows, 0);
    this.indices = partitions.map(({ month }) => indexName({ prefix, resource, tenantId, month: month! }));
    this.indexBase = this.indices[0]!.slice(0, -"YYYY.MM".length);
    this.client = createClient({
      hosts: [elasticsearchUrl],
      useSsl: false,
      verifyCerts: true,
      timeoutSeconds: 60,
      maxRetries: 3,
    });
  }

  async installTemplates(refreshInterval = "30s"): Promise<void> {
    await installTemplates(this.client, { prefix: this.prefix, shards: 1, replicas: 0, refreshInterval });
  }

  /**
   * What every way to fill the indices has around it, as migrate does: they are made before and refreshed behind, on
   * the clock. Throws when documents are missing then.
   */
  async filledBy(fill: () => Promise<Outcome>): Promise<Outcome> {
    const made = await timed(() => Promise.all(this.indices.map((index) => this.client.indices.create({ index }))));
    const outcome = await fill();
    const refreshed = await timed(() => this.client.indices.refresh({ index: [...this.indices] }));
    await this.requireDocuments(outcome.rows);
    return { ...outcome, seconds: outcome.seconds + made + refreshed };
  }

  async requireDocuments(rows: number): Promise<void> {
    const { count } = await this.client.count({ index: [...this.indices] });
    if (count !== rows) throw new Error(`${count} documents where ${rows} were written`);
  }

  async remove(): Promise<void> {
    await this.client.indices.delete({ index: [...this.indices], ignore_unavailable: true });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BulkBodies } from "../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { createPool } from "../../src/stores/postgres/connection/pool.ts";
import { DocumentRenderer } from "../../src/workflow-logs/documents/document-renderer.ts";
import type { SearchTextMode } from "../../src/workflow-logs/documents/search-text.ts";
import { offsetOf } from "../../src/workflow-logs/documents/time-zone.ts";
import { migrateDefaults } from "../../src/workflow-logs/copying/options.ts";
import { PostgresLogs } from "../../src/workflow-logs/rows/postgres-logs.ts";
import { inspectSources } from "../../src/workflow-logs/partitions/source-schema.ts";
import { wholeMonth } from "../../src/workflow-logs/partitions/scope.ts";
import type { Bench } from "../support/bench.ts";
import type { SampleArchive } from "../support/sample-archive.ts";
import type { Target } from "./target.ts";

/** A file for each index, with the very lines that migrate sends to it. */
export interface Bodies {
  readonly bytes: number;
  readonly files: readonly { readonly index: string; readonly file: string }[];
}

export async function renderBodies(
  { folder, signal }: Bench,
  { databaseUrl, tenantId }: SampleArchive,
  { indices }: Target,
  searchText: SearchTextMode,
): Promise<Bodies> {
  const pool = createPool(databaseUrl);
  let bytes = 0;
  try {
    const scope = { dataTypes: ["node_executions"], tenantIds: [tenantId] } as const;
    const [source] = await inspectSources(pool, scope, searchText);
    const logs = new PostgresLogs(pool, source!);
    const pooled = new BulkBodies(migrateDefaults.batchBytes);
    const read = {
      renderer: new DocumentRenderer(source!.logType, source!.layout, {
        searchText,
        sourceOffset: offsetOf("UTC"),
        copiedAt: new Date().toISOString(),
      }),
      bodies: pooled,
      limits: { rows: migrateDefaults.batchRows, bytes: migrateDefaults.batchBytes },
    };
    const listing = { sqlName: source!.table.sqlName, isKeyTable: false };
    const lines = async function* (month: string): AsyncGenerator<Buffer> {
      const range = wholeMonth({ dataType: "node_executions", tenantId, month }, "UTC");
      for await (const { body } of logs.pages(listing, tenantId, range, undefined, read, signal)) {
        bytes += body.length;
        yield Buffer.from(body.bytes());
        pooled.giveBack(body);
      }
    };
    const files = [];
    for (const index of indices) {
      const file = join(folder, `${searchText}-${index}.ndjson`);
      await pipeline(Readable.from(lines(index.slice(-7).replace(".", "-"))), createWriteStream(file));
      files.push({ index, file });
    }
    return { bytes, files };
  } finally {
    await pool.end();
  }
}

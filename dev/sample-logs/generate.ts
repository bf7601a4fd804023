import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Client } from "pg";

import { type CopyWriter, openCopyWriter } from "./copy-writer.ts";
import { createSummaryCounter, type SampleSummary } from "./sample-summary.ts";
import { createSchema } from "./schema.ts";
import { defaultSampleOptions, type SampleOptions } from "./sample-options.ts";
import { sampleStories } from "./stories.ts";
import type { Blob } from "./story.ts";
import { columnsOf, type TableName, tablesOf } from "./tables.ts";

export interface GenerateOptions extends Partial<SampleOptions> {
  databaseUrl: string;
  /** Where offloaded values are written, under their key; without it their files are missing. */
  blobFolder?: string | undefined;
}

/**
 * Fills the tables of that schema (created when absent) with the rows of `sampleStories`. Tables are committed one by
 * one at the end; after a failure none or only some of them hold rows.
 */
export async function generateSampleLogs(options: GenerateOptions): Promise<SampleSummary> {
  const { databaseUrl, blobFolder, ...given } = options;
  const sample: SampleOptions = { ...defaultSampleOptions, ...given };
  await withClient(databaseUrl, (client) => createSchema(client, sample.schema));

  const tables = tablesOf(sample.schema);
  const writers = new Map<TableName, CopyWriter>();
  const counter = createSummaryCounter();
  try {
    for (const table of tables) {
      writers.set(table, await openCopyWriter(databaseUrl, table, columnsOf(table, sample.schema)));
    }
    for (const story of sampleStories(sample)) {
      for (const row of story.rows) {
        counter.add(row);
        const full = writers.get(row.table)?.write(row.row);
        if (full) await full;
      }
      if (blobFolder) await Promise.all(story.blobs.map((blob) => writeBlob(blobFolder, blob)));
    }
    for (const writer of writers.values()) await writer.end();
  } catch (error) {
    await Promise.all([...writers.values()].map((writer) => writer.abort()));
    throw error;
  }
  await withClient(databaseUrl, (client) => client.query(`ANALYZE ${tables.join(", ")}`));
  return counter.summary();
}

async function withClient(databaseUrl: string, use: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

async function writeBlob(folder: string, { key, content }: Blob): Promise<void> {
  const path = join(folder, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

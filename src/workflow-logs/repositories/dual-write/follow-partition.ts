import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { BulkBodies } from "../../../stores/elasticsearch/bulk/bulk-body.ts";
import { deleteVersion } from "../../../stores/elasticsearch/documents/delete-documents.ts";
import type { DocumentVersion } from "../../../stores/elasticsearch/documents/document-versions.ts";
import { indexName } from "../../../stores/elasticsearch/indices/index-names.ts";
import { putBody, type PutOutcome } from "../../../stores/elasticsearch/documents/put-documents.ts";
import { recordDirty } from "../../state/dirty/dirty-rows.ts";
import { readPartition } from "../../state/partitions/partitions.ts";
import { appLogIdsOf } from "../../state/dirty/touched-rows.ts";
import type { Connections } from "../../connections.ts";
import { DocumentRenderer } from "../../documents/document-renderer.ts";
import { offsetOf } from "../../documents/time-zone.ts";
import type { Partition } from "../../partitions/log-types.ts";
import { zoneOf } from "../../partitions/source-schema.ts";
import type { PostgresLogs, ReadOptions } from "../../rows/postgres-logs.ts";
import { type RowName, rowKey } from "./row-name.ts";

export interface PartitionRows {
  readonly connections: Connections;
  readonly elasticsearch: Client;
  readonly ensure: (index: string) => Promise<void>;
  readonly logs: PostgresLogs;
  readonly partition: Partition;
  readonly ids: readonly string[];
}

export interface Outcomes {
  readonly failed: Map<string, unknown>;
  readonly again: RowName[];
  readonly touched: RowName[];
}

/**
 * Nothing that a caller has in hand is written: the row is read and put at the version of that read, as a migration
 * does. So neither a slow process nor a request that arrives late ever puts an older row over a newer one. A row that
 * has left the partition meanwhile is followed again.
 */
export async function followPartition(rows: PartitionRows, outcomes: Outcomes): Promise<void> {
  const { connections, elasticsearch, logs, partition, ids } = rows;
  const { state, settings } = connections;
  const { dataType, tenantId, month } = partition;
  if ((await readPartition(state, partition))?.state === "expired") return; // its rows are read from PostgreSQL
  const timeZone = zoneOf(logs.source, settings.sourceTimeZone);
  const index = indexName({ ...settings.template, resource: logs.logType.resource, tenantId, month });
  await rows.ensure(index);

  const created = new Map<string, DocumentVersion>();
  for await (const batch of logs.rowsById({ tenantId, month, timeZone }, onePage(ids), readOptions(rows), never)) {
    for (const id of batch.gone) outcomes.again.push({ dataType, tenantId, id });
    for (const [id, outcome] of await putBody(elasticsearch, index, batch.body)) {
      const row: RowName = { dataType, tenantId, id };
      if (outcome.kind === "conflict") outcomes.again.push(row);
      if (outcome.kind === "failed") outcomes.failed.set(rowKey(row), refusal(row, outcome));
      if (outcome.kind === "written" && outcome.isNew) created.set(id, outcome.version);
    }
  }
  await takeBackDeleted(rows, index, created);
  // a page of a copy, read before, may be on its way
  if ((await readPartition(state, partition))?.state === "copying")
    await recordDirty(
      state,
      dataType,
      ids.map((id) => ({ id, tenantId })),
    );
  const { appLogs } = logs.source;
  if (appLogs === undefined) return;
  for (const id of await appLogIdsOf(state, appLogs, tenantId, ids))
    outcomes.touched.push({ dataType: "app_logs", tenantId, id });
}

/** Rows deleted while their first document was on its way: whoever deletes their documents may have found none. */
async function takeBackDeleted(
  { connections, elasticsearch, logs }: PartitionRows,
  index: string,
  created: ReadonlyMap<string, DocumentVersion>,
): Promise<void> {
  const there = await logs.locate([...created.keys()], connections.settings.sourceTimeZone);
  for (const [id, version] of created) if (!there.has(id)) await deleteVersion(elasticsearch, index, id, version);
}

const pageBytes = 5_000_000;
const never = new AbortController().signal;

function readOptions({ connections: { settings }, logs, ids }: PartitionRows): ReadOptions {
  const renderer = new DocumentRenderer(logs.logType, logs.source.layout, {
    searchText: settings.searchText,
    sourceOffset: offsetOf(settings.sourceTimeZone),
    copiedAt: new Date().toISOString(),
  });
  return { renderer, bodies: new BulkBodies(firstBytes), limits: { rows: ids.length, bytes: pageBytes } };
}

/** Live rows are few at a time: a buffer for a whole page of a migration would be mostly empty. */
const firstBytes = 100_000;

async function* onePage(ids: readonly string[]): AsyncGenerator<readonly string[]> {
  yield ids;
}

function refusal({ id }: RowName, { type, reason }: PutOutcome & { kind: "failed" }): AppError {
  return new AppError("document_refused", `Elasticsearch did not take ${id}: ${type}: ${reason}`, {
    hint: "It is a dirty row now: app elasticsearch apply-dirty writes it, or says why it cannot be written.",
  });
}

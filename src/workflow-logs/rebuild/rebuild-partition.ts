import type { ProgressSink } from "../../runs/progress.ts";
import type { Run } from "../../runs/run.ts";
import { documentIds } from "../../stores/elasticsearch/documents/document-ids.ts";
import { eachSource } from "../../stores/elasticsearch/documents/each-source.ts";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { markOf } from "../compare/stable-document.ts";
import type { Connections } from "../connections.ts";
import { type Partition, partitionKey } from "../partitions/log-types.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import { ArchivedRows } from "../restore/documents/archived-row.ts";
import { PostgresLogs } from "../rows/postgres-logs.ts";
import { markAdopted } from "../state/cleanup/purged-documents.ts";
import { finishPurging, journalPurged, type PurgedRow } from "../state/cleanup/purged-rows.ts";
import { beginPartition, finishCopying, setCopiedRows } from "../state/partitions/partitions.ts";
import { idsWithRow } from "../validate/extra/rows-of-ids.ts";

export interface RebuiltPartition extends Partition {
  readonly index: string;
  readonly documents: number;
  /** Documents without a row, which count as purged from now on. */
  readonly purged: number;
  /** Documents that are not as this program writes them, and have no row: they stay unknown. */
  readonly strangers: number;
}

/** Few enough for one answer of ordinary documents; larger ones are read in parts. */
const idsPerPage = 200;

/** Writes down what an index says of its month. The caller holds the partition's lock. */
export async function rebuildPartition(
  { elasticsearch, postgres, state, settings }: Connections,
  run: Run,
  source: SourceTable,
  partition: Partition,
  { name, uuid }: { readonly name: string; readonly uuid: string },
  progress: ProgressSink,
): Promise<RebuiltPartition> {
  await refreshIndex(elasticsearch, name);
  const documents = await countDocuments(elasticsearch, name);
  await beginPartition(state, partition, { name, uuid }, { id: run.id, fromNothing: false });
  const place = {
    postgres,
    source: new PostgresLogs(postgres, source),
    partition,
    timeZone: zoneOf(source, settings.sourceTimeZone),
  };
  let [purged, strangers] = [0, 0];
  const listing = {
    within: {},
    pageSize: idsPerPage,
    beforePage: (signal: AbortSignal) => run.pacing.unpaused(signal),
  };
  for await (const ids of documentIds(elasticsearch, name, listing, run.signal)) {
    const withRow = await idsWithRow(place, ids);
    const rowless = ids.filter((id) => !withRow.has(id));
    const rows: PurgedRow[] = [];
    await eachSource(elasticsearch, name, rowless, (id, document) => {
      const offloadRows = offloadRowsOf(partition, id, document);
      if (offloadRows === undefined) strangers++;
      else rows.push({ id, offloadRows, document: markOf(document) });
    });
    if (rows.length > 0) {
      await state.transaction().execute(async (transaction) => {
        await journalPurged(transaction, partition, { id: run.id, expired: false }, rows);
        await markAdopted(
          transaction,
          partition,
          rows.map(({ id }) => id),
        );
      });
    }
    purged += rows.length;
    progress.advanced(partitionKey(partition), ids.length, 0);
  }
  run.signal.throwIfAborted();
  await setCopiedRows(state, partition, run.id, documents);
  await finishPurging(state, partition);
  await finishCopying(state, partition, run.id);
  return { ...partition, index: name, documents, purged, strangers };
}

/** Undefined for a document that cannot be a row of the partition. */
function offloadRowsOf({ tenantId }: Partition, id: string, document: Buffer): number | undefined {
  try {
    const row = new ArchivedRows().read(id, document);
    return row.fields.get("tenant_id") === tenantId ? row.offloads.length : undefined;
  } catch {
    return undefined; // not of the program's form, or no JSON at all
  }
}

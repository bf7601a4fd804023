import type { DeleteSelection, StateDatabase } from "../../../state/database.ts";
import { forgetIds } from "../../../state/partitions/forget-ids.ts";
import { uncountCopied } from "../../../state/partitions/partitions.ts";
import { forgetPurged, purgedBy } from "../../../state/cleanup/purged-rows.ts";
import type { Connections } from "../../../connections.ts";
import { deleteOlder } from "../../../copying/delete-older.ts";
import { sourceVersion } from "../../../documents/source-version.ts";
import type { DataType, Partition } from "../../../partitions/log-types.ts";
import { ElasticsearchRecords, type Filter } from "../../records/elasticsearch-records.ts";
import { type OrderedDocument, orderedDocuments } from "../../records/ordered-documents.ts";
import { PostgresRecords } from "../../records/postgres-records.ts";
import type { LogRecord, RecordKind } from "../../records/record-kind.ts";
import { recordKinds } from "../record-kinds.ts";

export interface Deleting {
  readonly dataType: DataType;
  readonly tenantId: string;
  readonly selection: DeleteSelection;
}

/** Does `work` when nothing else writes documents of the partition, or says that it cannot. */
export type WithPartition = (partition: Partition, work: () => Promise<void>) => Promise<"done" | "busy">;

export const unlocked: WithPartition = async (_, work) => {
  await work();
  return "done";
};

export interface RowlessDeleted {
  readonly records: number;
  /** Offload rows that travelled in them. */
  readonly offloads: number;
  /** All partitions could be had. */
  readonly isDone: boolean;
}

const documentsPerPage = 1000;

/**
 * Deletes the tenant's documents that are selected and whose row is not in PostgreSQL; where the row is there, the
 * document is left to it. Can be repeated.
 */
export async function deleteRowless(
  connections: Connections,
  { dataType, tenantId, selection }: Deleting,
  withPartition: WithPartition,
): Promise<RowlessDeleted> {
  const kind: RecordKind<LogRecord> = recordKinds[dataType];
  const documents = new ElasticsearchRecords(connections, kind);
  const rows = new PostgresRecords(connections, kind);
  const outcome = { records: 0, offloads: 0, isDone: true };
  await connections.archive.claimForWrites(connections.elasticsearch);
  await documents.refresh(tenantId); // a search would not see what was written last
  for (const filters of filtersOf(selection)) {
    const query = await documents.query(tenantId, filters);
    const order = {
      direction: "asc",
      to: selection.before,
      pageSize: documentsPerPage,
      source: [offloadIds, runId],
    } as const;
    for await (const page of orderedDocuments(connections.elasticsearch, query, order)) {
      for (const [index, some] of Map.groupBy(page, (document) => document.index)) {
        const partition = { dataType, tenantId, month: some[0]!.createdAt.slice(0, "YYYY-MM".length) };
        const end = await withPartition(partition, async () => {
          const ids = some.map(({ id }) => id);
          const version = await sourceVersion(connections.postgres);
          const withRow = await rows.existing(ids);
          const rowless = await meantBy(
            connections.state,
            selection,
            some.filter(({ id }) => !withRow.has(id)),
          );
          const rowlessIds = rowless.map(({ id }) => id);
          const deleted = (await deleteOlder(connections, index, rowlessIds, version)).length;
          outcome.records += deleted;
          await uncountCopied(connections.state, partition, deleted);
          outcome.offloads += rowless.reduce((sum, document) => sum + offloadsOf(document), 0);
          await forgetIds(connections.state, "deleted_rows", partition, rowlessIds);
          await forgetPurged(connections.state, dataType, rowlessIds);
        });
        if (end === "busy") outcome.isDone = false;
      }
    }
  }
  return outcome;
}

const offloadIds = "archive.offloads.id";
const runId = "workflow_run_id";

/** Of node executions of deleted runs only those whose rows had been purged when their run was deleted. */
async function meantBy(
  state: StateDatabase,
  { ofDeletedRuns }: DeleteSelection,
  documents: readonly OrderedDocument[],
): Promise<readonly OrderedDocument[]> {
  if (ofDeletedRuns === undefined) return documents;
  const times = documents.flatMap(({ id, source }) => {
    const at = ofDeletedRuns[String(source[runId])];
    return at === undefined ? [] : [{ id, at }];
  });
  const purged = await purgedBy(state, "node_executions", times);
  return documents.filter(({ id }) => purged.has(id));
}

function offloadsOf({ source }: OrderedDocument): number {
  const { offloads = [] } = (source["archive"] ?? {}) as { offloads?: readonly unknown[] };
  return offloads.length;
}

/** Elasticsearch takes 65,536 terms in one condition. */
const termsPerRequest = 10_000;

function filtersOf({ ids, appId, workflowRunIds, ofDeletedRuns }: DeleteSelection): Filter[][] {
  if (ids !== undefined) return inChunks(ids, "id");
  if (ofDeletedRuns !== undefined) return inChunks(Object.keys(ofDeletedRuns), runId);
  if (workflowRunIds !== undefined) return inChunks(workflowRunIds, runId);
  return [appId === undefined ? [] : [{ term: { app_id: appId } }]];
}

function inChunks(values: readonly string[], field: string): Filter[][] {
  const chunks: Filter[][] = [];
  for (let at = 0; at < values.length; at += termsPerRequest)
    chunks.push([{ terms: { [field]: values.slice(at, at + termsPerRequest) } }]);
  return chunks;
}

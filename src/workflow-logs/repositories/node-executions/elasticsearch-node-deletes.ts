import { deleteDocuments } from "../../../stores/elasticsearch/documents/delete-documents.ts";
import type { ElasticsearchRecords, Filter } from "../records/elasticsearch-records.ts";
import { type DocumentOrder, orderedDocuments, type OrderedDocument } from "../records/ordered-documents.ts";
import { batchLimit } from "../workflow-runs/check-query.ts";
import type { NodeCounts } from "./api-workflow-node-execution-repository.ts";
import type { NodeExecution } from "./node-execution.ts";

type Records = ElasticsearchRecords<NodeExecution>;
type Pages = Pick<DocumentOrder, "pageSize" | "to">;

/** How many of the tenant's node executions the filters hold for, and how many offload rows travel with them. */
export async function countNodes(records: Records, tenantId: string, filters: readonly Filter[]): Promise<NodeCounts> {
  const counts = { nodeExecutions: 0, offloads: 0 };
  for await (const page of nodePages(records, tenantId, filters, { pageSize: batchLimit() })) {
    counts.nodeExecutions += page.length;
    counts.offloads += offloadsOf(page);
  }
  return counts;
}

/** Afterwards none of them is there; how many there were. */
export async function deleteNodes(
  records: Records,
  tenantId: string,
  filters: readonly Filter[],
  pages: Pages,
): Promise<NodeCounts> {
  await records.refresh(tenantId); // a search would not see what was saved last
  const counts = { nodeExecutions: 0, offloads: 0 };
  for await (const page of nodePages(records, tenantId, filters, pages)) {
    counts.offloads += offloadsOf(page);
    for (const [index, documents] of Map.groupBy(page, (document) => document.index)) {
      const ids = documents.map(({ id }) => id);
      counts.nodeExecutions += (await deleteDocuments(records.client, index, ids)).deleted.length;
    }
  }
  return counts;
}

async function* nodePages(
  records: Records,
  tenantId: string,
  filters: readonly Filter[],
  pages: Pages,
): AsyncGenerator<OrderedDocument[]> {
  const query = await records.query(tenantId, filters);
  const order = { direction: "asc", source: ["archive.offloads.id"], ...pages } as const;
  yield* orderedDocuments(records.client, query, order);
}

function offloadsOf(page: readonly OrderedDocument[]): number {
  return page.reduce((sum, { source }) => {
    const { offloads = [] } = (source["archive"] ?? {}) as { offloads?: readonly unknown[] };
    return sum + offloads.length;
  }, 0);
}

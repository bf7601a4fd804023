import { expect, test } from "vitest";
import { nodeExecutionCopy } from "../../../../dev/sample-logs/node-execution-copy.ts";
import { BulkBody } from "../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { BinaryTuples } from "../../../../src/stores/postgres/copy/binary-tuples.ts";
import { DocumentRenderer } from "../../../../src/workflow-logs/documents/document-renderer.ts";
import type { SearchTextMode } from "../../../../src/workflow-logs/documents/search-text.ts";
import { offsetOf } from "../../../../src/workflow-logs/documents/time-zone.ts";
import { logTypes } from "../../../../src/workflow-logs/partitions/log-types.ts";

const copy = nodeExecutionCopy({ nodeExecutions: 200, tenants: 1 });
const body = new BulkBody(4 * 1024 * 1024);

/**
 * Rows of 3 KB. What is allocated for each is collected for each: at 20,000 rows a second, 1 KB more of it is 20 MB
 * more a second.
 */
test.each<[SearchTextMode, number]>([
  ["off", 600], // measured 50 to 230; one column as a string would be 1,000 more
  ["bounded", 19_000], // measured 17,600
])("rendering a document with search text %s allocates at most %i bytes", (searchText, limit) => {
  const runs = Array.from({ length: 60 }, () => bytesPerRow(searchText)).slice(30); // by then the code is optimised
  const allocated = runs.filter((bytes) => bytes >= 0).toSorted((a, b) => a - b); // below 0 the collector ran meanwhile
  expect(allocated.length).toBeGreaterThan(5);
  expect(allocated[allocated.length >> 1]).toBeLessThan(limit);
});

function bytesPerRow(searchText: SearchTextMode): number {
  const renderer = new DocumentRenderer(logTypes.node_executions, copy.layout, {
    searchText,
    sourceOffset: offsetOf("UTC"),
    copiedAt: "2026-01-01T00:00:00.000Z",
  });
  const tuple = new BinaryTuples(copy.layout.fields);
  tuple.push(copy.bytes);
  body.clear();
  const before = process.memoryUsage().heapUsed;
  while (tuple.next()) renderer.append(tuple, body);
  return (process.memoryUsage().heapUsed - before) / copy.rows;
}

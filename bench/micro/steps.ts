import { type NodeExecutionCopy } from "../../dev/sample-logs/node-execution-copy.ts";
import { BulkBody } from "../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { BinaryTuples } from "../../src/stores/postgres/copy/binary-tuples.ts";
import { type ColumnKind, columnWriters } from "../../src/workflow-logs/documents/column-writers.ts";
import { DocumentRenderer } from "../../src/workflow-logs/documents/document-renderer.ts";
import {
  searchedChars,
  type SearchTextMode,
  searchUnits,
  writeSearchText,
} from "../../src/workflow-logs/documents/search-text.ts";
import { offsetOf } from "../../src/workflow-logs/documents/time-zone.ts";
import { logTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import type { Step } from "./harness.ts";

/** As pg hands them on. */
const chunkBytes = 64 * 1024;

/**
 * The steps of migrate's fast path between the socket of PostgreSQL and that of Elasticsearch, and the common way to do
 * the same.
 */
export function stepsOf(copy: NodeExecutionCopy): Step[] {
  const { bytes, rows } = copy;
  const whole = { rows, bytes: bytes.length };
  return [
    { name: "binary tuples", ...whole, work: () => eachTuple(copy, () => {}) },
    columnStep(copy, "text columns: JSON escapes", ["text"]),
    columnStep(copy, "uuid columns", ["uuid"]),
    columnStep(copy, "timestamp columns", ["timestamp"]),
    columnStep(copy, "number columns", ["int4", "float8"]),
    searchTextStep(copy),
    { name: "tuples to documents, payload only", ...whole, work: () => render(copy, "off") },
    { name: "tuples to documents, search text as by default", ...whole, work: () => render(copy, "bounded") },
    parseStep(copy),
  ];
}

function eachTuple({ bytes, layout }: NodeExecutionCopy, use: (tuple: BinaryTuples) => void): BinaryTuples {
  const tuple = new BinaryTuples(layout.fields);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    tuple.push(bytes.subarray(at, at + chunkBytes));
    while (tuple.next()) use(tuple);
  }
  return tuple;
}

const offset = offsetOf("UTC");
const body = new BulkBody(8 * 1024 * 1024);
const bodyBytes = 5 * 1024 * 1024;

function render(copy: NodeExecutionCopy, mode: SearchTextMode): number {
  const renderer = new DocumentRenderer(logTypes.node_executions, copy.layout, {
    searchText: mode,
    sourceOffset: offset,
    copiedAt: "2026-01-01T00:00:00.000Z",
  });
  eachTuple(copy, (tuple) => {
    if (body.length > bodyBytes) body.clear();
    renderer.append(tuple, body);
  });
  return body.length;
}

/** Writers of columns of these kinds alone, over fields that lie side by side. */
function columnStep(copy: NodeExecutionCopy, name: string, kinds: readonly ColumnKind[]): Step {
  const writers = columnWriters(offset);
  const columns = copy.layout.columns.filter(({ kind }) => kinds.includes(kind));
  const fields: { data: Buffer; write: (typeof writers)[ColumnKind] }[] = [];
  eachTuple(copy, (tuple) => {
    for (const { field, kind } of columns) {
      if (tuple.isNull(field)) continue;
      const start = tuple.starts[field]!;
      const data = Buffer.from(tuple.data.subarray(start, start + tuple.lengths[field]!));
      fields.push({ data, write: writers[kind] });
    }
  });
  const work = (): number => {
    body.clear();
    for (const { data, write } of fields) {
      if (body.length > bodyBytes) body.clear();
      write(body, data, 0, data.length);
    }
    return body.length;
  };
  return { name, rows: copy.rows, bytes: fields.reduce((sum, { data }) => sum + data.length, 0), work };
}

function searchTextStep(copy: NodeExecutionCopy): Step {
  const units = searchUnits.bounded;
  const { searchColumns } = logTypes.node_executions;
  const texts = textsOf(copy, searchColumns).map((text) => Buffer.from(text).subarray(0, searchedChars(units)));
  const work = (): number => {
    for (const text of texts) {
      body.clear();
      writeSearchText(body, text, 0, text.length, units);
    }
    return body.length;
  };
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  return { name: "search text", rows: copy.rows, bytes, work };
}

/** What a program does that reads rows as text and sends objects. */
function parseStep(copy: NodeExecutionCopy): Step {
  const texts = textsOf(copy, ["inputs", "process_data", "outputs", "execution_metadata"]).filter(isJson);
  return {
    name: "for comparison: JSON.parse and JSON.stringify of the payload",
    rows: copy.rows,
    bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    work: () => texts.reduce((sum, text) => sum + JSON.stringify(JSON.parse(text)).length, 0),
  };
}

function textsOf(copy: NodeExecutionCopy, names: readonly string[]): string[] {
  const columns = copy.layout.columns.filter(({ name }) => names.includes(name));
  const texts: string[] = [];
  eachTuple(copy, (tuple) => {
    for (const { field } of columns) if (!tuple.isNull(field)) texts.push(tuple.text(field));
  });
  return texts;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

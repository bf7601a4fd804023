import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBody } from "../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { BinaryTuples } from "../../../../src/stores/postgres/copy/binary-tuples.ts";
import type { Column, Table } from "../../../../src/stores/postgres/table.ts";
import { DocumentRenderer } from "../../../../src/workflow-logs/documents/document-renderer.ts";
import type { SearchTextMode } from "../../../../src/workflow-logs/documents/search-text.ts";
import { rowLayout } from "../../../../src/workflow-logs/documents/row-layout.ts";
import { offsetOf } from "../../../../src/workflow-logs/documents/time-zone.ts";
import { logTypes } from "../../../../src/workflow-logs/partitions/log-types.ts";
import { copyBytes } from "../../../../dev/sample-logs/copy-bytes.ts";

function table(name: string, columns: Record<string, string>): Table {
  const list = Object.entries(columns).map(([column, type]): Column => ({ name: column, type, notNull: false }));
  return {
    sqlName: `"public"."${name}"`,
    name,
    columns: list,
    indexes: [],
    idIsUnique: true,
    textIsUnchecked: false,
    brinColumns: [],
    estimatedRows: -1,
  };
}

const nodes = table("workflow_node_executions", {
  id: "uuid",
  created_at: "timestamp",
  title: "varchar",
  inputs: "text",
  outputs: "text",
  elapsed_time: "float8",
  status: "varchar",
  'odd "name"': "text",
});
const offloadTable = table("workflow_node_execution_offload", { id: "uuid" });
const layout = rowLayout(nodes, offloadTable);

const id = "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b";
const idBytes = Buffer.from(id.replaceAll("-", ""), "hex");
const createdAt = Buffer.alloc(8); // 2000-01-01

interface Row {
  title?: string | null;
  inputs?: string | null;
  odd?: string | null;
  offloads?: string | null;
}

function tupleOf(row: Row): BinaryTuples {
  const text = (value: string | null | undefined) => (value == null ? null : Buffer.from(value));
  const double = Buffer.alloc(8);
  double.writeDoubleBE(0.25);
  const tuples = new BinaryTuples(layout.fields);
  tuples.push(
    copyBytes([
      [createdAt, idBytes, idBytes, createdAt, text(row.title), text(row.inputs), text(null), double].concat([
        Buffer.from("succeeded"),
        text(row.odd),
        text(row.offloads),
      ]),
    ]),
  );
  if (!tuples.next()) throw new Error("no tuple");
  return tuples;
}

function rendererOf(searchText: SearchTextMode = "bounded", copiedAt = "2024-05-06T07:08:09.000Z"): DocumentRenderer {
  return new DocumentRenderer(logTypes.node_executions, layout, {
    searchText,
    sourceOffset: offsetOf("UTC"),
    copiedAt,
  });
}

function render(row: Row, renderer = rendererOf()) {
  const body = new BulkBody(0);
  renderer.append(tupleOf(row), body);
  return {
    body,
    document: JSON.parse(body.document(0).toString()) as Record<string, unknown> & { archive: Record<string, unknown> },
    stable: body.buffer.subarray(renderer.documentStart, renderer.stableEnd).toString(),
  };
}

test("two lines: the action with the id, and every column under its name, archive last", () => {
  const { body, document } = render({ title: "", inputs: '{"q":"hi"}', odd: "x" });
  expect(body.bytes().toString().split("\n")).toEqual([`{"index":{"_id":"${id}"}}`, body.document(0).toString(), ""]);
  expect(Object.keys(document)).toEqual([...nodes.columns.map(({ name }) => name), "archive"]);
  expect(document).toEqual({
    id,
    created_at: "2000-01-01T00:00:00.000000Z",
    title: "",
    inputs: '{"q":"hi"}',
    outputs: null,
    elapsed_time: 0.25,
    status: "succeeded",
    'odd "name"': "x",
    archive: { search_text: "hi", copied_at: "2024-05-06T07:08:09.000Z" },
  });
});

const textOrNull = fc.option(fc.oneof(fc.string({ unit: "binary" }), fc.json()), { nil: null });
const rows = fc.record({ title: textOrNull, inputs: textOrNull, odd: textOrNull }).map(withoutNul);

/** PostgreSQL's text has no NUL. */
function withoutNul<T extends object>(row: T): T {
  return JSON.parse(JSON.stringify(row).replaceAll("\\u0000", "?")) as T;
}

test("whatever the texts, the lines stay two, and the columns come back as they were", () => {
  fc.assert(
    fc.property(rows, fc.constantFrom("off" as const, "bounded" as const, "full" as const), (row, mode) => {
      const { body, document } = render(row, rendererOf(mode));
      expect(body.bytes().filter((byte) => byte < 0x20)).toEqual(Buffer.from("\n\n"));
      expect(document["title"]).toBe(row.title);
      expect(document["inputs"]).toBe(row.inputs);
      expect(document['odd "name"']).toBe(row.odd);
    }),
  );
});

test("equal rows give equal bytes up to stableEnd, whenever they are copied; any change shows", () => {
  fc.assert(
    fc.property(rows, rows, (a, b) => {
      const first = render(a).stable;
      expect(render(a, rendererOf("bounded", "2030-01-01T00:00:00.000Z")).stable).toBe(first);
      expect(render(b).stable === first).toBe(JSON.stringify(a) === JSON.stringify(b));
      expect(first).not.toContain("copied_at");
    }),
  );
});

test("records are appended one behind the other by the same renderer", () => {
  const body = new BulkBody(0);
  const renderer = rendererOf();
  for (const title of ["one", "two", "three"]) renderer.append(tupleOf({ title }), body);
  expect(body.records).toBe(3);
  expect([0, 1, 2].map((at) => (JSON.parse(body.document(at).toString()) as { title: string }).title)).toEqual([
    "one",
    "two",
    "three",
  ]);
  const last = body.buffer.subarray(renderer.documentStart, body.length - 1);
  expect(last.equals(body.document(2))).toBe(true);
});

describe("archive", () => {
  test("offload rows are spliced in as they are and count for what is stable", () => {
    const offloads = '[{"id" : "o1", "file" : {"key" : "a\\nb", "size" : "12"}},{"id" : "o2", "file" : null}]';
    const { document, stable } = render({ offloads });
    expect(document.archive["offloads"]).toEqual(JSON.parse(offloads));
    expect(stable).toContain(offloads);
    expect(render({}).document.archive).not.toHaveProperty("offloads");
  });

  test("search text: the columns in their order, bounded for each, none of it when off", () => {
    const row = { title: "first", inputs: JSON.stringify({ q: "你".repeat(5000) }) };
    const bounded = render(row).document.archive["search_text"] as string;
    expect(bounded).toBe(`first\n${"你".repeat(1000)}`);
    expect(render(row, rendererOf("full")).document.archive["search_text"]).toBe(`first\n${"你".repeat(5000)}`);
    expect(render(row, rendererOf("off")).document.archive).toEqual({ copied_at: "2024-05-06T07:08:09.000Z" });
  });

  test("a character cut in two by the bound leaves no half behind", () => {
    const { document } = render({ title: `${"a".repeat(999)}🎉` });
    expect((document.archive["search_text"] as string).isWellFormed()).toBe(true);
  });
});

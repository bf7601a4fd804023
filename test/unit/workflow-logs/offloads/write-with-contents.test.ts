import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBody } from "../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { compareDocuments } from "../../../../src/workflow-logs/compare/compare-documents.ts";
import type { LoadedContent } from "../../../../src/workflow-logs/offloads/load-content.ts";
import { writeWithContents } from "../../../../src/workflow-logs/offloads/write-with-contents.ts";
import type { OffloadedRow } from "../../../../src/workflow-logs/offloads/offloaded-rows.ts";

const copiedAt = '"copied_at":"2026-01-31T23:59:59.999Z"}}';

interface Record {
  id: string;
  searchText?: string;
  offloads?: OffloadedRow["offloads"];
}

/** A batch as the reader makes it, of documents with one column. */
function batchOf(given: readonly Record[]) {
  const body = new BulkBody(0);
  const offloaded: OffloadedRow[] = [];
  for (const [at, { id, searchText, offloads }] of given.entries()) {
    const before = Buffer.from(`{"id":${JSON.stringify(id)},"archive":{"search_text":"`);
    const text = Buffer.from(JSON.stringify(searchText ?? "").slice(1, -1));
    const rows = Buffer.from(offloads === undefined ? '",' : `","offloads":${JSON.stringify(offloads)},`);
    body.beginRecord();
    append(
      body,
      Buffer.from(`{"index":{"_id":${JSON.stringify(id)}}}\n`),
      before,
      text,
      rows,
      Buffer.from(`${copiedAt}\n`),
    );
    if (offloads === undefined) continue;
    const searchTextStart = before.length;
    const searchTextEnd = before.length + text.length;
    offloaded.push({ at, offloads, searchTextStart, searchTextEnd, stableEnd: searchTextEnd + rows.length });
  }
  return { body, records: given.length, offloaded };
}

function append(body: BulkBody, ...parts: Buffer[]): void {
  for (const part of parts) {
    body.reserve(part.length);
    part.copy(body.buffer, body.length);
    body.length += part.length;
  }
}

function written(given: readonly Record[], contents: readonly LoadedContent[][], units = 1000) {
  const batch = batchOf(given);
  const body = new BulkBody(0);
  writeWithContents(body, batch, contents, units);
  const documents = given.map((_, at) => JSON.parse(body.document(at).toString()) as Document);
  return { batch, body, documents };
}

interface Document {
  id: string;
  archive: { search_text: string; offloads?: object; offload_contents?: object[]; copied_at: string };
}

const offload = { id: "o1", type: "outputs", file: { key: "k" } };
const contentOf = (text: string): LoadedContent => ({ text: Buffer.from(text) });

test("contents stand beside their offload rows, and other records stay as they are", () => {
  const { batch, body, documents } = written(
    [
      { id: "a" },
      { id: "b", searchText: "title", offloads: [offload, { ...offload, id: "o2", type: "inputs" }] },
      { id: "c" },
    ],
    [[contentOf('{"text": "only in the \\u5168 blob"}'), { error: "file_missing" }]],
  );
  expect(documents[1]!.archive).toEqual({
    search_text: "title\nonly in the 全 blob",
    offloads: [offload, { ...offload, id: "o2", type: "inputs" }],
    offload_contents: [
      { offload_id: "o1", type: "outputs", content: '{"text": "only in the \\u5168 blob"}' },
      { offload_id: "o2", type: "inputs", content_error: "file_missing" },
    ],
    copied_at: "2026-01-31T23:59:59.999Z",
  });
  for (const at of [0, 2]) expect(body.record(at)).toEqual(batch.body.record(at));
  expect(body.id(1)).toBe("b");
});

test("any text is kept exactly", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 300 }), { minLength: 1, maxLength: 3 }), (texts) => {
      const exact = texts.map((text) => text.toWellFormed());
      const offloads = exact.map((_, at) => ({ ...offload, id: String(at) }));
      const { documents } = written([{ id: "a", offloads }], [exact.map(contentOf)]);
      expect(documents[0]!.archive.offload_contents).toEqual(
        exact.map((content, at) => ({ offload_id: String(at), type: "outputs", content })),
      );
    }),
  );
});

test("a content of some MB with every kind of escape is kept exactly", () => {
  const content = `{"${'\u0001"\\空\n\u007f'.repeat(300_000)}"}`;
  const { documents } = written([{ id: "a", offloads: [offload] }], [[contentOf(content)]]);
  expect((documents[0]!.archive.offload_contents![0] as { content: string }).content === content).toBe(true);
});

describe("search text", () => {
  const searched = (searchText: string, content: string, units: number) =>
    written([{ id: "a", searchText, offloads: [offload] }], [[contentOf(content)]], units).documents[0]!.archive
      .search_text;

  test("goes on behind the preview that the column gave", () => {
    expect(searched("title\n0123456789", '{"text": "0123456789abcdefghijklm"}', 10)).toBe(
      "title\n0123456789\nabcdefghij",
    );
  });

  test("has the beginning of a content that is another than the preview", () => {
    expect(searched("title\n0123456789", '{"text": "abcdefghijklm"}', 10)).toBe("title\n0123456789\nabcdefghij");
  });

  test("stays where the content has nothing new, or none is wanted", () => {
    expect(searched("title\nshort", '{"text": "short"}', 10)).toBe("title\nshort");
    expect(searched('say "hi"', "{}", 10)).toBe('say "hi"');
    expect(searched("", '{"text": "word"}', 0)).toBe("");
  });

  test("begins with the content where there was none, and takes text that is no JSON", () => {
    expect(searched("", "plain text", 100)).toBe("plain text");
  });

  test("is not added where documents have none", () => {
    const batch = batchOf([{ id: "a", offloads: [offload] }]);
    const [row] = batch.offloaded;
    const body = new BulkBody(0);
    writeWithContents(body, { ...batch, offloaded: [{ ...row!, searchTextEnd: -1 }] }, [[contentOf("word")]], 1000);
    expect((JSON.parse(body.document(0).toString()) as Document).archive.search_text).toBe("");
  });
});

test("a document with contents is the same row as one without", () => {
  const given = [{ id: "a", searchText: "title", offloads: [offload] }];
  const { batch, body } = written(given, [[contentOf('{"text": "more"}')]]);
  const sources = (of: BulkBody) => new Map([["a", of.document(0)]]);
  expect(compareDocuments({ body: batch.body }, sources(body))).toEqual([]);
  expect(compareDocuments({ body }, sources(batch.body))).toEqual([]);
  const other = batchOf([{ ...given[0]!, offloads: [{ ...offload, type: "inputs" }] }]);
  expect(compareDocuments({ body: other.body }, sources(body))).toEqual([
    { id: "a", kind: "different", columns: ["archive.offloads"] },
  ]);
});

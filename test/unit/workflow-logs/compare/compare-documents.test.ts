import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBody } from "../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { compareDocuments } from "../../../../src/workflow-logs/compare/compare-documents.ts";

const end = ',"archive":{"search_text":"words","copied_at":"2026-01-31T10:00:00.000Z"}}';

function bodyOf(documents: Readonly<Record<string, string>>): BulkBody {
  const body = new BulkBody(16);
  for (const [id, document] of Object.entries(documents)) {
    const lines = Buffer.from(`{"index":{"_id":${JSON.stringify(id)}}}\n${document}\n`);
    body.beginRecord();
    body.reserve(lines.length);
    lines.copy(body.buffer, body.length);
    body.length += lines.length;
  }
  return body;
}

/** The differing columns, "missing", or "equal". */
function compared(row: string, document: string | undefined): string {
  const sources = new Map(document === undefined ? [] : [["a", Buffer.from(document)]]);
  const [difference] = compareDocuments({ body: bodyOf({ a: row }) }, sources);
  return difference === undefined ? "equal" : [difference.kind, ...difference.columns].join(" ");
}

describe("compareDocuments", () => {
  const row = `{"id":"a","error":null,"tokens":9007199254740993,"elapsed":-0.0,"outputs":"{\\"a\\":1,\\"a\\":2}"${end}`;

  test("equal rows are equal, whenever they were copied and whatever is searched", () => {
    expect(compared(row, row)).toBe("equal");
    expect(compared(row, row.replace("10:00:00.000", "23:59:59.999"))).toBe("equal");
    expect(compared(row, row.replace('"search_text":"words",', ""))).toBe("equal");
  });

  test("a column that one of them does not know is NULL there", () => {
    const added = row.replace('"tokens"', '"source_version":null,"tokens"');
    expect(compared(added, row)).toBe("equal");
    expect(compared(row, added)).toBe("equal");
    const filled = row.replace('"tokens"', '"source_version":"v","tokens"');
    expect(compared(filled, row)).toBe("different source_version");
    expect(compared(row, filled)).toBe("different source_version");
    expect(compared(filled, added)).toBe("different source_version");
  });

  test("what an app log carries of its run, end user and account is no part of the row", () => {
    const related = '"run":{"id":"r","status":"running"},"end_user":{"id":"e"},"account":{"id":"a"},';
    const log = row.replace('"copied_at"', `${related}"copied_at"`);
    expect(compared(log, row)).toBe("equal");
    expect(compared(row, log)).toBe("equal");
    expect(compared(log, log.replace("running", "succeeded"))).toBe("equal");
  });

  test.each([
    ["NULL and the empty text", '"error":null', '"error":""', "error"],
    ["neighbours beyond 2^53", "9007199254740993", "9007199254740992", "tokens"],
    ["zero and minus zero", "-0.0", "0.0", "elapsed"],
    ["a number and its digits", "9007199254740993", '"9007199254740993"', "tokens"],
    ["a number and what an object says of it", "9007199254740993", '{"number":"9007199254740993"}', "tokens"],
    ["a key that stands twice", '\\"a\\":1,', "", "outputs"],
    ["no column at all", '"tokens":9007199254740993,', "", "tokens"],
    ["another column", '"error":null', '"error":null,"extra":1', "extra"],
    ["another end", '"copied_at":"2026-01-31T10:00:00.000Z"}}', '"offloads":[{"id":"o"}]}}', "archive.offloads"],
  ])("tells %s", (_, from, to, column) => {
    expect(row).toContain(from);
    expect(compared(row, row.replace(from, to))).toBe(`different ${column}`);
    expect(compared(row.replace(from, to), row)).toBe(`different ${column}`);
  });

  test("a document that is not there is missing; one that is none of ours differs in every column", () => {
    expect(compared(row, undefined)).toBe("missing");
    expect(compared(row, "{}")).toBe("different id tokens elapsed outputs");
  });

  const value = fc.oneof(
    fc.constantFrom("null", "true", "-0.0", "0.0", "0", "9007199254740993", "9007199254740992", "1e-7", '"NaN"'),
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  );
  const columns = ["id", "error", "outputs", "archived", "copied_at"];
  const texts = fc.record(Object.fromEntries(columns.map((name) => [name, value])));
  const written = (values: Readonly<Record<string, string>>): string =>
    `{${columns.map((name) => `${JSON.stringify(name)}:${values[name]}`).join(",")}${end}`;

  test("names exactly the columns that differ", () => {
    fc.assert(
      fc.property(texts, texts, fc.subarray(columns), (given, other, changed) => {
        const document = { ...given, ...Object.fromEntries(changed.map((name) => [name, other[name]!])) };
        const expected = columns.filter((name) => given[name] !== document[name]);
        expect(compared(written(given), written(document))).toBe(
          expected.length === 0 ? "equal" : ["different", ...expected].join(" "),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("finds one changed character in a megabyte, and each wrong one of many", () => {
    const large = `{"id":"a","outputs":"${"abcdefghij".repeat(100_000)}"${end}`;
    expect(compared(large, `${large.slice(0, 500_000)}X${large.slice(500_001)}`)).toBe("different outputs");
    const ids = Array.from({ length: 50 }, (_, at) => `row ${at}`);
    const documents = Object.fromEntries(ids.map((id) => [id, `{"id":"${id}"${end}`]));
    const sources = new Map(ids.map((id) => [id, Buffer.from(documents[id]!)]));
    sources.delete("row 7");
    sources.set("row 49", Buffer.from(documents["row 48"]!));
    expect(compareDocuments({ body: bodyOf(documents) }, sources)).toEqual([
      { id: "row 7", kind: "missing", columns: [] },
      { id: "row 49", kind: "different", columns: ["id"] },
    ]);
  });
});

import { describe, expect, test } from "vitest";
import type { NumberText } from "../../../../../src/workflow-logs/restore/columns/column-text.ts";
import { ArchivedRows } from "../../../../../src/workflow-logs/restore/documents/archived-row.ts";
import { RowLines } from "../../../../../src/workflow-logs/restore/documents/row-lines.ts";

const node = "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b";
const readArchivedRow = (id: string, source: Buffer) => new ArchivedRows().read(id, source);
const read = (members: string) => readArchivedRow(node, Buffer.from(`{"id":"${node}",${members}}`));

function linesOf(...columns: [name: string, type: string][]): RowLines {
  const all = columns.map(([name, type]) => ({ name, type, notNull: false, hasDefault: false }));
  return new RowLines("logs", all, ["id", ...all.map(({ name }) => name)]);
}

test("a member that is no column refuses the row unless it is NULL; a column that is lacking is left out", () => {
  const lines = linesOf(["title", "text"], ["total", "int8"]);
  expect(() => lines.of(read('"title":"a","other":0'))).toThrow("logs has no column other");
  const { line, plan } = lines.of(read('"other":null , "total" : 7'));
  expect(line.toString()).toBe("7\n");
  expect(plan.columns.map(({ name }) => name)).toEqual(["total"]);
});

test("of equal names the last counts, and a number in another form than the program's is the same number", () => {
  const { fields } = read('"total":1,"total":2.0,"share":0.10,"zero":-0.0,"huge":1e400');
  const textOf = (name: string): string => (fields.get(name) as NumberText).text;
  expect(["total", "share", "zero", "huge"].map(textOf)).toEqual(["2", "0.10", "-0.0", "1e400"]);
  expect(fields.shape.hasDoubledNames).toBe(true);
});

test("documents of one form share their shape, those of another have another", () => {
  const rows = new ArchivedRows();
  const shapeOf = (members: string) => rows.read(node, Buffer.from(`{"id":"${node}",${members}}`)).fields.shape;
  const first = shapeOf('"a":1,"b":"x"');
  expect(shapeOf('"b":"x","a":1')).not.toBe(first);
  expect(shapeOf('"a":"y" , "b":[{"a":{}}]')).toBe(first);
});

test("columns and offload rows are apart; the file of an offload row is no column of it", () => {
  const row = read(
    `"title":"a","total":9007199254740993,"archive":{"search_text":"x","offloads":[{"id":"1","node_execution_id":"${node}","type":null,"file":{"key":"k"}}],"copied_at":"t"}`,
  );
  expect(row.fields.shape.names).toEqual(["id", "title", "total", "archive"]);
  expect(row.offloads).toEqual([
    {
      id: "1",
      columns: new Map([
        ["id", "1"],
        ["node_execution_id", node],
        ["type", null],
      ]),
    },
  ]);
  expect(linesOf(["total", "int8"], ["title", "varchar"]).of(row).line.toString()).toBe("9007199254740993\ta\n");
});

test("what an app log carries of its run, end user and account is neither column nor row", () => {
  const row = read('"title":"a","archive":{"run":{"id":"r"},"end_user":{"id":"e"},"account":{"id":"a"}}');
  expect(row.fields.shape.names).toEqual(["id", "title", "archive"]);
  expect(row.offloads).toEqual([]);
});

test("a column called __proto__ is a column", () => {
  expect(read('"__proto__":"x","archive":{}').fields.get("__proto__")).toBe("x");
});

describe("documents that are not as the program writes them", () => {
  test.each([
    ["another id", () => readArchivedRow("other", Buffer.from(`{"id":"${node}"}`)), "id is not its _id"],
    ["no id", () => readArchivedRow("other", Buffer.from("{}")), "id is not its _id"],
    ["offloads of another form", () => read('"archive":{"offloads":{}}'), "no array"],
    ["an offload row that is text", () => read('"archive":{"offloads":["x"]}'), "no object"],
    ["an offload row without id", () => read(`"archive":{"offloads":[{"node_execution_id":"${node}"}]}`), "no id"],
    [
      "an offload row of another node",
      () => read('"archive":{"offloads":[{"id":"1","node_execution_id":"2"}]}'),
      "another",
    ],
    ["a number in an offload row", () => read('"archive":{"offloads":[{"id":1}]}'), "no text"],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(message);
  });

  test("a value of another type names its column", () => {
    const lines = linesOf(["title", "text"], ["total", "int8"]);
    expect(() => lines.of(read('"title":"a","total":"1"'))).toThrow("total is no value of the type int8");
    expect(lines.of(read('"title":"b","total":1')).line.toString()).toBe("b\t1\n"); // nothing of it is left
  });
});

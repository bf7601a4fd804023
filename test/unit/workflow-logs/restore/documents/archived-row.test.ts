import { describe, expect, test } from "vitest";
import { columnTexts, readArchivedRow } from "../../../../../src/workflow-logs/restore/documents/archived-row.ts";

const node = "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b";
const read = (members: string) => readArchivedRow(node, Buffer.from(`{"id":"${node}",${members}}`));

test("columns and offload rows are apart; the file of an offload row is no column of it", () => {
  const row = read(
    `"title":"a","total":9007199254740993,"archive":{"search_text":"x","offloads":[{"id":"1","node_execution_id":"${node}","type":null,"file":{"key":"k"}}],"copied_at":"t"}`,
  );
  expect([...row.fields.keys()]).toEqual(["id", "title", "total"]);
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
  expect(
    columnTexts(row, [
      { name: "total", type: "int8", notNull: true },
      { name: "title", type: "varchar", notNull: false },
    ]),
  ).toEqual(["9007199254740993", "a"]);
});

test("what an app log carries of its run, end user and account is neither column nor row", () => {
  const row = read('"title":"a","archive":{"run":{"id":"r"},"end_user":{"id":"e"},"account":{"id":"a"}}');
  expect([...row.fields.keys()]).toEqual(["id", "title"]);
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
    expect(() => columnTexts(read('"total":"1"'), [{ name: "total", type: "int8", notNull: true }])).toThrow("total");
  });
});

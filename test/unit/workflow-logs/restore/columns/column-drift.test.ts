import { expect, test } from "vitest";
import { ColumnFacts } from "../../../../../src/workflow-logs/restore/columns/column-drift.ts";

const columns = [
  { name: "id", type: "uuid", notNull: true, hasDefault: true },
  { name: "status", type: "varchar", notNull: true, hasDefault: false },
  { name: "total", type: "int8", notNull: true, hasDefault: true },
  { name: "error", type: "text", notNull: false, hasDefault: false },
];

function factsOf(...rows: Record<string, unknown>[]): ColumnFacts {
  const facts = new ColumnFacts("runs", ["archive", "made", ...columns.map(({ name }) => name)], columns);
  for (const [at, row] of rows.entries()) facts.note(`row ${at + 1}`, row);
  return facts;
}

/** The notes but for those on columns that rows were archived without. */
function besidesAdded(facts: ColumnFacts): string[] {
  return facts.notes().filter((note) => !note.includes("was added after"));
}

test("rows that fit are no problem; what they leave to a default or to NULL is told", () => {
  const facts = factsOf(
    { id: "1", status: "a", total: 1, archive: {}, made: 1 },
    { id: "2", status: "a", error: null },
  );
  expect(facts.problems()).toEqual([]);
  expect(facts.notes()).toEqual([
    expect.stringMatching(/runs.total was added after 1 row was archived: they get its default/),
    expect.stringMatching(/runs.error was added after 1 row was archived: they get NULL/),
  ]);
});

test("a field without a column is a problem when any row has a value for it", () => {
  const facts = factsOf({ status: "a", gone: null }, { status: "a", gone: 0 }, { status: "a", gone: "" });
  expect(facts.problems()).toEqual([expect.stringMatching(/runs has no column gone, .*2 archived rows.*row 2/)]);
  expect(besidesAdded(facts)).toEqual([]);
});

test("a field without a column that is NULL everywhere is worth a note", () => {
  const facts = factsOf({ status: "a", gone: null }, { status: "a", gone: null });
  expect(facts.problems()).toEqual([]);
  expect(besidesAdded(facts)).toEqual([expect.stringContaining("no column gone")]);
});

test("a value that the table needs is a problem where it is absent without default, or NULL", () => {
  expect(factsOf({ id: "1" }).problems()).toEqual([expect.stringMatching(/runs\.status must not be NULL.*row 1/)]);
  expect(factsOf({ status: null }, { status: null }).problems()).toEqual([
    expect.stringMatching(/status.*2 archived rows/),
  ]);
  expect(factsOf({ status: "a", total: null }).problems()).toEqual([expect.stringContaining("runs.total")]);
});

test("names that every object has are no columns of it", () => {
  const facts = new ColumnFacts("runs", [], [{ name: "constructor", type: "text", notNull: true, hasDefault: false }]);
  facts.note("1", {});
  expect(facts.problems()).toHaveLength(1);
});

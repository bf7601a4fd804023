import { expect, test } from "vitest";
import { answerDifference } from "../../../../../../src/workflow-logs/repositories/dual-write/reads/differing-fields.ts";

const run = { id: "a", status: "succeeded", totalTokens: 2n ** 60n, elapsedTime: Number.NaN };

test.each([
  [run, { ...run }],
  [[run], [{ ...run }]],
  [undefined, undefined],
  [0, 0],
])("equal answers have no difference", (expected, found) => {
  expect(answerDifference(expected, found)).toBeUndefined();
});

test.each([
  ["a field", run, { ...run, status: "failed" }, ["a"], ["status"]],
  ["a large number", run, { ...run, totalTokens: 2n ** 60n + 1n }, ["a"], ["totalTokens"]],
  ["minus zero", { ...run, elapsedTime: 0 }, { ...run, elapsedTime: -0 }, ["a"], ["elapsedTime"]],
  ["a run that one lacks", run, undefined, ["a"], ["id"]],
  ["a run that the other lacks", undefined, run, ["a"], ["id"]],
  ["a list", [run, { id: "b" }], [{ id: "c" }, { ...run, status: "x" }], ["a", "b", "c"], ["id", "status"]],
  ["the order of a list", [{ id: "a" }, { id: "b" }], [{ id: "b" }, { id: "a" }], [], ["order"]],
  ["a page", { total: 2, data: [run] }, { total: 1, data: [{ ...run, status: "x" }] }, ["a"], ["status", "total"]],
  ["a day", [{ date: "2025-01-01", runs: 1 }], [{ date: "2025-01-01", runs: 2 }], [], ["runs"]],
  ["a day that one lacks", [{ date: "2025-01-01", runs: 1 }], [], [], ["date", "runs"]],
  ["a nested field", { id: "a", run: { id: "r", status: "x" } }, { id: "a", run: null }, ["a", "r"], ["run"]],
  ["a number alone", 1, 2, [], ["value"]],
])("%s is named by ids and fields", (_, expected, found, ids, fields) => {
  const difference = answerDifference(expected, found);
  expect(difference?.ids.toSorted()).toEqual(ids);
  expect(difference?.fields).toEqual(fields);
});

test("of many logs that differ some are named", () => {
  const many = Array.from({ length: 1000 }, (_, at) => ({ id: `${at}` }));
  expect(answerDifference(many, [])?.ids).toHaveLength(20);
});

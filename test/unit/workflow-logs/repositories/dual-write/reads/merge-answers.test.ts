import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addedCounts,
  addedDays,
  mergedList,
} from "../../../../../../src/workflow-logs/repositories/dual-write/reads/merge-answers.ts";

const log = fc.record({
  id: fc.constantFrom("a", "b", "c", "d", "e"),
  createdAt: fc.constantFrom("2025-09-01T00:00:00.000000Z", "2025-09-02T00:00:00.000000Z"),
  from: fc.constant("other"),
});
const logs = fc.uniqueArray(log, { selector: ({ id }) => id, maxLength: 5 });

test("a merged list has every log once, as the first list has it, in order, up to the limit", () => {
  const property = fc.property(
    logs,
    logs,
    fc.constantFrom("asc" as const, "desc" as const),
    fc.nat(6),
    (own, other, direction, limit) => {
      const mine = own.map((one) => ({ ...one, from: "own" }));
      const merged = mergedList<(typeof mine)[number]>(direction, limit)(mine, other);
      const expected = new Map([...other, ...mine].map((one) => [one.id, one]));
      expect(merged).toHaveLength(Math.min(limit, expected.size));
      for (const one of merged) expect(one).toEqual(expected.get(one.id));
      const order = merged.map(({ createdAt, id }) => `${createdAt} ${id}`);
      const sorted = order.toSorted();
      expect(order).toEqual(direction === "asc" ? sorted : sorted.toReversed());
      const left = [...expected.values()].filter(({ id }) => !merged.some((one) => one.id === id));
      const last = order.at(-1);
      for (const { createdAt, id } of left) {
        const key = `${createdAt} ${id}`;
        if (last !== undefined) expect(direction === "asc" ? key > last : key < last).toBe(true);
      }
    },
  );
  fc.assert(property);
});

test("counts are added name by name", () => {
  expect(addedCounts({ total: 3, failed: 1 }, { total: 4, failed: 0 })).toEqual({ total: 7, failed: 1 });
});

test("days are added where both have them, and sorted", () => {
  const add = addedDays<{ date: string; runs: number }>((a, b) => ({ date: a.date, runs: a.runs + b.runs }));
  const own = [
    { date: "2025-09-02", runs: 1 },
    { date: "2025-09-04", runs: 2 },
  ];
  const other = [
    { date: "2025-09-04", runs: 5 },
    { date: "2025-09-01", runs: 7 },
  ];
  expect(add(own, other)).toEqual([
    { date: "2025-09-01", runs: 7 },
    { date: "2025-09-02", runs: 1 },
    { date: "2025-09-04", runs: 7 },
  ]);
  expect(add([], [])).toEqual([]);
});

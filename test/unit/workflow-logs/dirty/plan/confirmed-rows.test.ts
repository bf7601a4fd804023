import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConfirmedRange } from "../../../../../src/workflow-logs/state/partitions/checkpoints.ts";
import { isConfirmed } from "../../../../../src/workflow-logs/dirty/plan/confirmed-rows.ts";

const at = (day: number): string => `2025-09-${String(day).padStart(2, "0")} 00:00:00.000000`;

test("a row is confirmed up to the very id that the checkpoint names", () => {
  const range: ConfirmedRange = { start: at(2), createdAt: at(5), id: "m" };
  const confirmed = (id: string, createdAt: string | undefined): boolean => isConfirmed([range], id, createdAt);
  expect(confirmed("z", at(1))).toBe(false);
  expect(confirmed("a", at(2))).toBe(true);
  expect(confirmed("z", at(4))).toBe(true);
  expect(confirmed("m", at(5))).toBe(true);
  expect(confirmed("n", at(5))).toBe(false);
  expect(confirmed("a", at(6))).toBe(false);
  expect(confirmed("a", undefined)).toBe(false);
});

test("of several ranges one is enough, and what lies between them is not confirmed", () => {
  const day = fc.integer({ min: 1, max: 28 });
  const range = fc.tuple(day, day).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), day, (ranges, asked) => {
      const stored = ranges.map(({ start, end }): ConfirmedRange => ({
        start: at(start),
        createdAt: at(end),
        id: "z",
      }));
      const expected = ranges.some(({ start, end }) => asked >= start && asked <= end);
      expect(isConfirmed(stored, "a", at(asked))).toBe(expected);
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { dueAt, keptByMonth } from "../../../../src/workflow-logs/retention/age-rule.ts";

test("a month is kept by itself until the instant it is due, and not from then on", () => {
  const months = fc.tuple(fc.integer({ min: 1970, max: 9999 }), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(months, fc.integer({ min: 0, max: 36_500 }), ([year, month], days) => {
      const name = `${year}-${String(month).padStart(2, "0")}`;
      const due = dueAt(name, days);
      expect(keptByMonth(name, days, due)).toBeUndefined();
      expect(keptByMonth(name, days, new Date(due.getTime() - 1))).toBeDefined();
    }),
  );
});

test("days are counted from the end of the month", () => {
  expect(dueAt("2026-02", 30).toISOString()).toBe("2026-03-31T00:00:00.000Z");
  expect(dueAt("2026-02", 0).toISOString()).toBe("2026-03-02T00:00:00.000Z"); // late rows may come for a day
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { backOff, spreadBackOff } from "../../../src/engine/back-off.ts";

const range = { first: 500, longest: 30_000 };

test("pauses double from the first to the longest", () => {
  expect([1, 2, 3, 6, 7, 8, 2000].map((failures) => backOff(failures, range))).toEqual([
    500, 1000, 2000, 16_000, 30_000, 30_000, 30_000,
  ]);
});

test("spread pauses lie between half of it and all of it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), (failures) => {
      const [most, pause] = [backOff(failures, range), spreadBackOff(failures, range)];
      expect(pause).toBeGreaterThanOrEqual(most / 2);
      expect(pause).toBeLessThanOrEqual(most);
    }),
  );
});

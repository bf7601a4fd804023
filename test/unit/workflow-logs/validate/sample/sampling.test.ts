import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate, findsAtLeast, leastShare } from "../../../../../src/workflow-logs/validate/sample/sampling.ts";

const sizes = fc.array(fc.oneof(fc.nat(5), fc.nat(2_000_000)), { maxLength: 40 });
const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe("allocate", () => {
  test("draws as many as wanted or as there are, and from no stratum more than it has", () => {
    fc.assert(
      fc.property(sizes, fc.nat(3_000_000), (strata, wanted) => {
        const taken = allocate(strata, wanted);
        expect(total(taken)).toBe(Math.min(wanted, total(strata)));
        for (const [at, count] of taken.entries()) {
          expect(count).toBeGreaterThanOrEqual(0);
          expect(count).toBeLessThanOrEqual(strata[at]!);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("draws from every stratum when there are enough, and from all in proportion", () => {
    fc.assert(
      fc.property(sizes, fc.nat(3_000_000), (strata, wanted) => {
        const filled = strata.filter((size) => size > 0).length;
        fc.pre(wanted >= filled && wanted < total(strata));
        const taken = allocate(strata, wanted);
        for (const [at, size] of strata.entries()) {
          if (size > 0) expect(taken[at]).toBeGreaterThanOrEqual(1);
          expect(Math.abs(taken[at]! - (size / total(strata)) * wanted)).toBeLessThanOrEqual(filled + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("what a sample finds", () => {
  test("the stated probability is never above the true one, wherever the wrong members are", () => {
    const stratum = fc
      .record({ size: fc.integer({ min: 1, max: 60 }), taken: fc.nat(60), wrong: fc.nat(60) })
      .map(({ size, taken, wrong }) => ({ size, taken: Math.min(taken, size), wrong: Math.min(wrong, size) }));
    fc.assert(
      fc.property(fc.array(stratum, { minLength: 1, maxLength: 6 }), (strata) => {
        const share = leastShare(
          strata.map(({ size }) => size),
          strata.map(({ taken }) => taken),
        );
        const wrong = total(strata.map((one) => one.wrong));
        // none of the wrong members of any stratum is drawn: one after the other falls among those left out
        const missed = strata.reduce((all, one) => {
          let product = all;
          for (let k = 0; k < one.wrong; k++) product *= Math.max(0, one.size - one.taken - k) / (one.size - k);
          return product;
        }, 1);
        expect(findsAtLeast(share, wrong)).toBeLessThanOrEqual(1 - missed + 1e-9);
      }),
      { numRuns: 2000 },
    );
  });

  test("everything drawn finds everything, nothing drawn nothing", () => {
    expect(findsAtLeast(leastShare([5, 0, 7], [5, 0, 7]), 1)).toBe(1);
    expect(findsAtLeast(leastShare([5, 1], [5, 0]), 1000)).toBe(0);
    expect(leastShare([], [])).toBe(1);
    expect(findsAtLeast(0.001, 1000)).toBeCloseTo(0.632, 3);
  });
});

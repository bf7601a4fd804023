import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutoffOf, keptByDocuments, keptByMonth } from "../../../../src/workflow-logs/retention/age-rule.ts";

const day = 86_400_000;

/** Microseconds since 1970 as the document's created_at. */
function text(micros: bigint): string {
  const millis = micros / 1000n - (micros < 0n && micros % 1000n !== 0n ? 1n : 0n);
  const rest = String(micros - millis * 1000n).padStart(3, "0");
  return new Date(Number(millis)).toISOString().replace("Z", `${rest}Z`);
}

interface Month {
  month: string;
  start: number;
  end: number;
}

const month = fc
  .record({ year: fc.integer({ min: 1, max: 9999 }), at: fc.integer({ min: 0, max: 11 }) })
  .map(({ year, at }): Month => {
    const first = new Date(0);
    const next = new Date(0);
    first.setUTCFullYear(year, at, 1);
    next.setUTCFullYear(year, at + 1, 1);
    return {
      month: `${String(year).padStart(4, "0")}-${String(at + 1).padStart(2, "0")}`,
      start: first.getTime(),
      end: next.getTime(),
    };
  });

/** A month, times within it, and a now within a few years of its end. */
const scene = month.chain((one) =>
  fc.record({
    one: fc.constant(one),
    times: fc.array(fc.bigInt({ min: BigInt(one.start) * 1000n, max: BigInt(one.end) * 1000n - 1n }), {
      minLength: 1,
      maxLength: 5,
    }),
    days: fc.integer({ min: 0, max: 400 }),
    sinceEnd: fc.oneof(
      fc.integer({ min: -40 * day, max: 500 * day }),
      fc.integer({ min: 0, max: 400 }).chain((days) => fc.integer({ min: -2, max: 2 }).map((off) => days * day + off)),
    ),
  }),
);

function goes(one: Month, times: readonly bigint[], days: number, now: Date): boolean {
  const newest = times.reduce((a, b) => (a > b ? a : b));
  const contents = { documents: times.length, newest: text(newest), writes: 0 };
  return (keptByMonth(one.month, days, now) ?? keptByDocuments(contents, days, now)) === undefined;
}

describe("whatever the documents' times", () => {
  test("no document younger than the retention goes, and nothing before its month is over", () => {
    fc.assert(
      fc.property(scene, ({ one, times, days, sinceEnd }) => {
        const now = new Date(one.end + sinceEnd);
        if (!goes(one, times, days, now)) return;
        const cutoff = BigInt(now.getTime() - days * day) * 1000n;
        for (const time of times) expect(time < cutoff).toBe(true);
        expect(now.getTime()).toBeGreaterThan(one.end);
      }),
      { numRuns: 2000 },
    );
  });

  test("none older than the retention and its month stays", () => {
    fc.assert(
      fc.property(scene, ({ one, times, days, sinceEnd }) => {
        const now = new Date(one.end + sinceEnd);
        if (days >= 1 && sinceEnd >= days * day) expect(goes(one, times, days, now)).toBe(true);
        if (sinceEnd < days * day) expect(goes(one, times, days, now)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  // 30 days behind the end of September, to the millisecond
  ["2025-09", 30, "2025-10-30T23:59:59.999Z", "within_retention"],
  ["2025-09", 30, "2025-10-31T00:00:00.000Z", undefined],
  // leap years, and a century that is none
  ["2024-02", 1, "2024-03-01T23:59:59.999Z", "within_retention"],
  ["2024-02", 1, "2024-03-02T00:00:00.000Z", undefined],
  ["2023-02", 1, "2023-03-02T00:00:00.000Z", undefined],
  ["2100-02", 1, "2100-03-02T00:00:00.000Z", undefined],
  ["1970-01", 30, "2026-01-01T00:00:00.000Z", undefined],
  ["0001-01", 30, "2026-01-01T00:00:00.000Z", undefined],
  ["2099-12", 30, "2026-01-01T00:00:00.000Z", "within_retention"],
  ["2099-12", 30, "2100-01-31T00:00:00.000Z", undefined],
  ["9999-12", 36_500, "2026-01-01T00:00:00.000Z", "within_retention"],
  // without retention: a day for rows that are committed late, and never the current month
  ["2025-09", 0, "2025-09-30T23:59:59.999Z", "within_retention"],
  ["2025-09", 0, "2025-10-01T00:00:00.000Z", "month_open"],
  ["2025-09", 0, "2025-10-01T23:59:59.999Z", "month_open"],
  ["2025-09", 0, "2025-10-02T00:00:00.000Z", undefined],
])("month %s with %i days at %s: %s", (name, days, now, expected) => {
  expect(keptByMonth(name, days, new Date(now))).toBe(expected);
});

test.each([
  ["2025-09-01T00:00:00.000000Z", "within_retention"], // exactly so old: not older
  ["2025-08-31T23:59:59.999999Z", undefined],
  ["2025-08-31T23:59:59.999999999Z", undefined],
  ["2025-09-01T00:00:00.000000001Z", "within_retention"],
  ["nonsense", "newest_unknown"],
  [undefined, "newest_unknown"],
  [null, undefined],
])("a newest document of %s before a cutoff of 2025-09-01: %s", (newest, expected) => {
  const now = new Date("2025-10-01T00:00:00Z");
  expect(cutoffOf(now, 30).toISOString()).toBe("2025-09-01T00:00:00.000Z");
  expect(keptByDocuments({ documents: 1, newest, writes: 0 }, 30, now)).toBe(expected);
});

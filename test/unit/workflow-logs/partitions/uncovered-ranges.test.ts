import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConfirmedRange } from "../../../../src/workflow-logs/state/partitions/checkpoints.ts";
import { uncoveredRanges } from "../../../../src/workflow-logs/partitions/uncovered-ranges.ts";

interface Row {
  readonly at: number;
  readonly id: string;
}

const time = (second: number): string => `2024-01-01 00:00:${String(second).padStart(2, "0")}.000000`;
const order = (a: Row, b: Row): number => a.at - b.at || (a.id < b.id ? -1 : 1);

/**
 * Copies a part of a partition as the migration does, at most `rows` of it; tells what was copied and the checkpoints
 * after it.
 */
function copy(all: readonly Row[], confirmed: readonly ConfirmedRange[], from: number, to: number, rows: number) {
  const checkpoints = new Map(confirmed.map((range) => [range.start, range]));
  const copied: Row[] = [];
  const ranges = () => [...checkpoints.values()].toSorted((a, b) => (a.start < b.start ? -1 : 1));
  const uncovered = uncoveredRanges({ from: time(from), to: time(to) }, confirmed);
  const start = uncovered[0]?.extends?.start ?? time(from);
  for (const part of uncovered) {
    for (const row of all) {
      const createdAt = time(row.at);
      if (createdAt < part.from || createdAt >= part.to) continue;
      if (part.extends?.createdAt === createdAt && row.id <= part.extends.id) continue;
      if (copied.length === rows) return { copied, checkpoints: ranges(), finished: false };
      copied.push(row);
      checkpoints.set(start, { start, createdAt, id: row.id });
    }
    if (part.upTo === undefined) continue;
    checkpoints.delete(part.upTo.start);
    checkpoints.set(start, { ...part.upTo, start });
  }
  return { copied, checkpoints: ranges(), finished: true };
}

const someRows = fc
  .uniqueArray(fc.record({ at: fc.nat(30), id: fc.constantFrom("a", "b", "c") }), {
    selector: ({ at, id }) => `${at}${id}`,
    maxLength: 40,
  })
  .map((rows) => rows.toSorted(order));
const parts = fc.array(
  fc.record({ from: fc.nat(30), length: fc.integer({ min: 1, max: 31 }), rows: fc.oneof(fc.nat(10), fc.constant(99)) }),
  { minLength: 1, maxLength: 8 },
);

test("whatever parts are copied, finished or broken off, each row of them is copied once and ranges never overlap", () => {
  fc.assert(
    fc.property(someRows, parts, (all, copies) => {
      let confirmed: ConfirmedRange[] = [];
      const done = new Set<Row>();
      const expected = new Set<Row>();
      for (const { from, length, rows } of copies) {
        const to = Math.min(31, from + length);
        const { copied, checkpoints, finished } = copy(all, confirmed, from, to, rows);
        for (const row of copied) {
          expect(done).not.toContain(row);
          done.add(row);
        }
        if (finished) for (const row of all) if (row.at >= from && row.at < to) expected.add(row);
        for (const row of expected) expect(done).toContain(row);
        confirmed = checkpoints;
        for (const [at, range] of confirmed.entries()) {
          expect(range.start <= range.createdAt).toBe(true);
          if (at > 0) expect(confirmed[at - 1]!.createdAt <= range.start).toBe(true);
        }
        // what the checkpoints claim is copied is copied
        for (const row of all) {
          const covered = confirmed.some(
            ({ start, createdAt, id }) =>
              start <= time(row.at) && (time(row.at) < createdAt || (time(row.at) === createdAt && row.id <= id)),
          );
          if (covered) expect(done).toContain(row);
        }
      }
      const last = copy(all, confirmed, 0, 31, 99);
      expect(new Set([...done, ...last.copied])).toEqual(new Set(all));
      expect(done.size + last.copied.length).toBe(all.length);
      expect(last.checkpoints.length).toBe(all.length === 0 ? 0 : 1);
      expect(copy(all, last.checkpoints, 0, 31, 99).copied).toEqual([]);
    }),
    { numRuns: 600 },
  );
});

test("rows added behind the end, or at its very instant with a later id, are copied by the next one", () => {
  fc.assert(
    fc.property(someRows, someRows, (before, added) => {
      const first = copy(before, [], 0, 31, 99);
      const end = first.checkpoints[0];
      const fresh = added.filter(
        (row) =>
          !before.some(({ at, id }) => at === row.at && id === row.id) &&
          (end === undefined || time(row.at) > end.createdAt || (time(row.at) === end.createdAt && row.id > end.id)),
      );
      const second = copy([...before, ...fresh].toSorted(order), first.checkpoints, 0, 31, 99);
      expect(second.copied).toEqual(fresh.toSorted(order));
    }),
  );
});

describe("single cases", () => {
  const range = (start: number, end: number): ConfirmedRange => ({ start: time(start), createdAt: time(end), id: "b" });

  test("nothing confirmed: all of it", () => {
    expect(uncoveredRanges({ from: time(0), to: time(9) }, [])).toEqual([
      { from: time(0), to: time(9), extends: undefined, upTo: undefined },
    ]);
  });

  test("the instant at which a range ends is looked at again", () => {
    expect(uncoveredRanges({ from: time(0), to: time(9) }, [range(0, 4)])).toEqual([
      { from: time(4), to: time(9), extends: range(0, 4), upTo: undefined },
    ]);
  });

  test("a part that lies within a confirmed range leaves nothing but that range's end", () => {
    expect(uncoveredRanges({ from: time(2), to: time(4) }, [range(0, 8)])).toEqual([]);
  });

  test("ranges outside are left alone", () => {
    expect(uncoveredRanges({ from: time(4), to: time(6) }, [range(0, 2), range(6, 8)])).toEqual([
      { from: time(4), to: time(6), extends: undefined, upTo: undefined },
    ]);
  });

  test("ranges that touch are joined without copying", () => {
    const [first, second] = [range(0, 4), range(4, 8)];
    const [joint] = uncoveredRanges({ from: time(0), to: time(8) }, [first, second]);
    expect(joint).toEqual({ from: time(4), to: time(4), extends: first, upTo: second });
  });

  test("the month 9999-12 ends in a year of five digits", () => {
    const to = "10000-01-01 00:00:00.000000";
    const december = { start: "9999-12-01 00:00:00.000000", createdAt: "9999-12-31 23:59:59.999999", id: "b" };
    expect(uncoveredRanges({ from: december.start, to }, [december])).toEqual([
      { from: december.createdAt, to, extends: december, upTo: undefined },
    ]);
  });
});

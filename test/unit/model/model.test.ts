import fc from "fast-check";
import { expect, test } from "vitest";
import { play, schedules } from "./schedule.ts";
import { rules, type Rules } from "./world.ts";

const isFull = process.env["TEST_FULL"] === "1";
const isTrue = (which: Rules, of = schedules()) => fc.property(of, (schedule) => play(which, schedule).length === 0);

/** One id in one month meets itself more often: where it takes many steps to go wrong. */
const narrow: Partial<Record<keyof Rules, ReturnType<typeof schedules>>> = {
  settledNotesAreSilent: schedules([1], [8]),
};

test("whatever the platform, the program, its deaths and the network do, nothing is lost, doubled or brought back wrongly", () => {
  const numRuns = isFull ? 1_000_000 : 200_000; // what takes a compaction between two processes is met once in 50,000
  const result = fc.check(isTrue(rules), { numRuns });
  const [schedule] = result.counterexample ?? [];
  expect(schedule === undefined ? [] : [play(rules, schedule), JSON.stringify(schedule), result.seed]).toEqual([]);
});

/** So many schedules and one of them is a counterexample; found with the seed given. */
const enough = 300_000;

test.for(Object.keys(rules) as (keyof Rules)[])("with the rule off the model finds a counterexample: %s", (rule) => {
  const result = fc.check(isTrue({ ...rules, [rule]: false }, narrow[rule]), {
    numRuns: enough,
    seed: 1,
    endOnFailure: true,
  });
  expect(result.failed).toBe(true);
});

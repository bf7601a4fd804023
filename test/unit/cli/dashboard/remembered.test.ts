import { expect, test } from "vitest";
import { Remembered } from "../../../../src/cli/dashboard/remembered.ts";

test("all who wait share one reading, and a failed one is tried again", async () => {
  let readings = 0;
  const remembered = new Remembered(60_000, async () => {
    readings++;
    if (readings === 1) throw new Error("away");
    return readings;
  });
  const first = await Promise.allSettled([remembered.get(), remembered.get()]);
  expect(first.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const answers = await Promise.all([remembered.get(), remembered.get()]);
  expect(answers.map(({ answer }) => answer)).toEqual([2, 2]);
  expect((await remembered.get()).answer).toBe(2);
});

import { expect, test } from "vitest";
import { once } from "../../../src/engine/once.ts";

test("work is done once, however many ask for it and when", async () => {
  let times = 0;
  const ask = once(async () => ++times);
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
  expect(await ask()).toBe(1);
});

test("work that fails is done again by the next who asks", async () => {
  let times = 0;
  const ask = once(async () => {
    if (++times === 1) throw new Error("not yet");
    return times;
  });
  const both = await Promise.allSettled([ask(), ask()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await ask()).toBe(2);
  expect(times).toBe(2);
});

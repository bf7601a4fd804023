import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inTime } from "../../../src/engine/in-time.ts";

const late = (): Error => new Error("late");

test("work that ends in time is what it is", async () => {
  expect(await inTime(Promise.resolve(1), 60_000, late)).toBe(1);
  await expect(inTime(Promise.reject(new Error("no")), 60_000, late)).rejects.toThrow("no");
});

test("work that takes longer is not waited for, and may fail afterwards", async () => {
  let fail: (error: Error) => void = () => {};
  const work = new Promise<never>((_, reject) => (fail = reject));
  await expect(inTime(work, 1, late)).rejects.toThrow("late");
  fail(new Error("too late to matter"));
  await sleep(10);
});

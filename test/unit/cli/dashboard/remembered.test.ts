import { expect, test } from "vitest";
import { Remembered } from "../../../../src/cli/dashboard/remembered.ts";

test("all who wait share one reading, and a failed one is tried again", async () => {
  let readings = 0;
  const remembered = new Remembered({ freshMillis: 60_000, usableMillis: 60_000 }, async () => {
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

test("an old answer is given at once while it is read anew, but not behind a failure", async () => {
  let answer: Promise<number> = Promise.resolve(1);
  const remembered = new Remembered({ freshMillis: 0, usableMillis: 60_000 }, () => answer);
  expect((await remembered.get()).answer).toBe(1);
  answer = Promise.resolve(2);
  expect((await remembered.get()).answer).toBe(1);
  answer = Promise.reject(new Error("away"));
  answer.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve)); // the reading that began is over
  expect((await remembered.get()).answer).toBe(2);
  await new Promise((resolve) => setImmediate(resolve));
  await expect(remembered.get()).rejects.toThrow("away");
  const tooOld = new Remembered({ freshMillis: 0, usableMillis: 0 }, () => Promise.resolve(3));
  expect((await tooOld.get()).answer).toBe(3);
});

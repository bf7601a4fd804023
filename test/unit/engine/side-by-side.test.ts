import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sideBySide } from "../../../src/engine/side-by-side.ts";

test("every item is worked on once, never more than `atOnce` at a time", async () => {
  const property = fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), check);
  await fc.assert(property);

  async function check(turns: number[], atOnce: number): Promise<void> {
    let now = 0;
    let most = 0;
    const done = await sideBySide([...turns.entries()], atOnce, async ([at, wait]) => {
      most = Math.max(most, ++now);
      for (let one = 0; one < wait; one++) await turn();
      now--;
      return at;
    });
    expect(done.toSorted((a, b) => a - b)).toEqual([...turns.keys()]);
    expect(most).toBeLessThanOrEqual(atOnce);
  }
});

test("a failure begins no more, tells the others, and waits for them", async () => {
  const began: number[] = [];
  const ended: number[] = [];
  const work = sideBySide([1, 2, 3, 4], 2, async (item, failed) => {
    began.push(item);
    if (item === 1) throw new Error("first");
    while (!failed.aborted) await turn();
    ended.push(item);
  });
  await expect(work).rejects.toThrow("first");
  expect(began).toEqual([1, 2]);
  expect(ended).toEqual([2]);
});

test("the AbortError of a stop does not hide what failed", async () => {
  const work = sideBySide([1, 2], 2, async (item, failed) => {
    if (item === 1) throw new DOMException("stopped", "AbortError");
    while (!failed.aborted) await turn();
    throw new Error("the disk is full");
  });
  await expect(work).rejects.toThrow("the disk is full");
});

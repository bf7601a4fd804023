import fc from "fast-check";
import { expect, test } from "vitest";
import { readAhead } from "../../../src/engine/read-ahead.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

function counted(count: number, failAt = -1) {
  const state = { fetched: 0, ended: false };
  async function* items() {
    try {
      for (let at = 0; at < count; at++) {
        if (at === failAt) throw new Error(`item ${at}`);
        state.fetched++;
        yield await Promise.resolve(at);
      }
    } finally {
      state.ended = true;
    }
  }
  return { state, items: items() };
}

test("gives every item in order, and an error in its place", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(20), fc.nat(5), fc.option(fc.nat(20)), async (count, depth, failAt) => {
      const { items } = counted(count, failAt ?? -1);
      const fails = failAt !== null && failAt < count;
      const got: number[] = [];
      const read = async () => {
        for await (const item of readAhead(items, depth)) got.push(item);
      };
      if (fails) await expect(read()).rejects.toThrow(`item ${failAt}`);
      else await read();
      expect(got).toEqual(Array.from({ length: fails ? failAt : count }, (_, at) => at));
    }),
  );
});

test.each([0, 1, 3])("has %i further items ready while one is worked on, and no more", async (depth) => {
  const { state, items } = counted(100);
  const reader = readAhead(items, depth);
  for (let at = 0; at < 5; at++) {
    await reader.next();
    await turn();
    expect(state.fetched).toBe(at + 1 + depth);
  }
  await reader.return(undefined);
});

test("ending early ends the items", async () => {
  const { state, items } = counted(100);
  for await (const item of readAhead(items, 2)) if (item === 3) break;
  expect(state.ended).toBe(true);
  expect(state.fetched).toBeLessThan(8);
});

test("an error behind the place where the reader ended is no unhandled rejection", async () => {
  const { items } = counted(10, 2);
  for await (const item of readAhead(items, 3)) {
    await turn();
    if (item === 0) break;
  }
  await turn();
});

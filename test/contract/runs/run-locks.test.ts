import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunLocks } from "../../../src/runs/run-locks.ts";
import { adapters } from "./homes.ts";
import type { OpenHome } from "./homes-by-address.ts";

describe.each(Object.entries(adapters))("locks in %s", (_name, open) => {
  let opened: OpenHome;
  const held: RunLocks[] = [];
  beforeEach(async () => (opened = await open()));
  afterEach(async () => {
    for (const locks of held.splice(0)) locks.close();
    await opened.close();
  });

  async function openLocks(): Promise<RunLocks> {
    const locks = await opened.home.openLocks();
    held.push(locks);
    return locks;
  }

  test("a name is held by one at a time, and is free when it is unlocked", async () => {
    const [one, two] = [await openLocks(), await openLocks()];
    expect([await one.tryLock("a"), await two.tryLock("a"), await two.tryLock("b")]).toEqual([true, false, true]);
    await two.unlock("a"); // not theirs: nothing
    expect(await two.tryLock("a")).toBe(false);
    await one.unlock("a");
    expect([await two.tryLock("a"), await one.tryLock("a")]).toEqual([true, false]);
  });

  test("all names are free when their holder closes", async () => {
    const one = await openLocks();
    for (const name of ["a", "b", "c"]) expect(await one.tryLock(name)).toBe(true);
    one.close();
    const two = await openLocks();
    await expect
      .poll(async () => [await two.tryLock("a"), await two.tryLock("b"), await two.tryLock("c")], { timeout: 10_000 })
      .toContain(true);
    expect(one.lost.aborted).toBe(false);
  });

  test("of many who try at once one gets the name", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, openLocks));
    for (const name of ["a", "b", "c"]) {
      const got = await Promise.all(all.map((locks) => locks.tryLock(name)));
      expect(got.filter(Boolean)).toHaveLength(1);
    }
  });
});

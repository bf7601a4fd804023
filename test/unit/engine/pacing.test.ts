import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Pacing } from "../../../src/engine/pacing.ts";

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function inSlot<T>(pacing: Pacing, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const freeSlot = await pacing.takeSlot(signal);
  try {
    return await work();
  } finally {
    freeSlot();
  }
}

describe("slots", () => {
  /** Work that ends when told, and the order in which it began. */
  function gate() {
    const began: string[] = [];
    const ends = new Map<string, () => void>();
    const work = (name: string) => () =>
      new Promise<void>((resolve) => {
        began.push(name);
        ends.set(name, resolve);
      });
    return { began, work, end: (name: string) => ends.get(name)!() };
  }

  test("are given first come first served", async () => {
    const pacing = new Pacing({ concurrency: 2 });
    const { began, work, end } = gate();
    const done = ["a", "b", "c", "d", "e"].map((name) => inSlot(pacing, work(name), never));
    await turn();
    expect(began).toEqual(["a", "b"]);
    end("b");
    await turn();
    expect(began).toEqual(["a", "b", "c"]);
    end("a");
    end("c");
    await turn();
    expect(began).toEqual(["a", "b", "c", "d", "e"]);
    end("d");
    end("e");
    await Promise.all(done);
  });

  test("no newcomer overtakes one that waits", async () => {
    const pacing = new Pacing({ concurrency: 1 });
    const { began, work, end } = gate();
    const first = inSlot(pacing, work("first"), never);
    const waiting = inSlot(pacing, work("waiting"), never);
    await turn();
    // arrives in the very moment in which the slot was freed and the one that waits has not gone on yet
    const newcomer = first.then(() => inSlot(pacing, work("newcomer"), never));
    const early = Promise.resolve().then(() => {
      end("first");
      return Promise.resolve().then(() => inSlot(pacing, work("early"), never));
    });
    await turn();
    expect(began).toEqual(["first", "waiting"]);
    for (const name of ["waiting", "early", "newcomer"]) {
      end(name);
      await turn();
    }
    expect(began).toEqual(["first", "waiting", "early", "newcomer"]);
    await Promise.all([first, waiting, newcomer, early]);
  });

  test("keep their order when the concurrency falls, and all are used when it rises", async () => {
    const pacing = new Pacing({ concurrency: 2 });
    const { began, work, end } = gate();
    const names = ["a", "b", "c", "d", "e", "f"];
    const done = names.map((name) => inSlot(pacing, work(name), never));
    pacing.limits = { concurrency: 1 };
    for (const name of ["a", "b", "c"]) {
      await turn();
      end(name);
    }
    await turn();
    expect(began).toEqual(["a", "b", "c", "d"]);
    pacing.limits = { concurrency: 3 };
    end("d");
    await turn();
    expect(began).toEqual(names);
    end("e");
    end("f");
    await Promise.all(done);
  });

  test("are freed by work that fails", async () => {
    const pacing = new Pacing({ concurrency: 1 });
    const failing = inSlot(pacing, () => Promise.reject(new Error("broken")), never);
    const next = inSlot(pacing, async () => "next", never);
    await expect(failing).rejects.toThrow("broken");
    expect(await next).toBe("next");
  });

  test("who is stopped while waiting leaves the line and holds up nobody", async () => {
    const pacing = new Pacing({ concurrency: 1 });
    const { began, work, end } = gate();
    const stop = new AbortController();
    const first = inSlot(pacing, work("first"), never);
    const stopped = inSlot(pacing, work("stopped"), stop.signal);
    const last = inSlot(pacing, work("last"), never);
    stop.abort();
    await expect(stopped).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    await expect(inSlot(pacing, work("late"), stop.signal)).rejects.toThrow(
      expect.objectContaining({ name: "AbortError" }),
    );
    end("first");
    await turn();
    expect(began).toEqual(["first", "last"]);
    end("last");
    await Promise.all([first, last]);
  });
});

// the promise form of setTimeout is not among the clocks that can be faked
vi.mock("node:timers/promises", () => ({
  setTimeout: (delay: number, value: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      setTimeout(resolve, delay, value);
      signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")), { once: true });
    }),
}));

describe("rates", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("between any two admissions no more was admitted than the rates allow", async () => {
    const sizes = fc.array(fc.record({ records: fc.nat(500), bytes: fc.nat(1_000_000) }), { minLength: 2 });
    const rate = fc.option(fc.integer({ min: 10, max: 5000 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, rate, rate, async (some, others, recordsPerSecond, kilobytes) => {
        const bytesPerSecond = kilobytes === undefined ? undefined : 1000 * kilobytes;
        const pacing = new Pacing({ concurrency: 1, recordsPerSecond, bytesPerSecond });
        const admitted: { at: number; records: number; bytes: number }[] = [];
        const feed = async (batches: typeof some) => {
          for (const { records, bytes } of batches) {
            await pacing.admit(records, bytes, never);
            admitted.push({ at: performance.now(), records, bytes });
          }
        };
        const all = Promise.all([feed(some), feed(others)]);
        await vi.runAllTimersAsync();
        await all;
        expect(admitted.length).toBe(some.length + others.length);
        let records = 0;
        let bytes = 0;
        const start = admitted[0]!.at;
        for (const batch of admitted) {
          const seconds = (batch.at - start + 1 * admitted.length) / 1000; // timers have whole milliseconds
          expect(records).toBeLessThanOrEqual((recordsPerSecond ?? Infinity) * seconds);
          expect(bytes).toBeLessThanOrEqual((bytesPerSecond ?? Infinity) * seconds);
          records += batch.records;
          bytes += batch.bytes;
        }
      }),
      { numRuns: 50 },
    );
  });

  test("no rate, no wait; the slower of two rates counts; a change holds from the next batch on", async () => {
    const pacing = new Pacing({ concurrency: 1 });
    const start = performance.now();
    for (let at = 0; at < 100; at++) await pacing.admit(1000, 5_000_000, never);
    expect(performance.now()).toBe(start);

    pacing.limits = { concurrency: 1, recordsPerSecond: 1000, bytesPerSecond: 1000 };
    await pacing.admit(1000, 3000, never); // worth three seconds by its bytes
    await timed(pacing.admit(500, 0, never), 3000);
    pacing.limits = { concurrency: 1 };
    await timed(pacing.admit(500, 0, never), 500);
    await timed(pacing.admit(500, 0, never), 0);
  });

  test("a pause is not saved up for a burst", async () => {
    const pacing = new Pacing({ concurrency: 1, recordsPerSecond: 100 });
    await pacing.admit(100, 0, never);
    await vi.advanceTimersByTimeAsync(60_000);
    await timed(pacing.admit(100, 0, never), 0);
    await timed(pacing.admit(100, 0, never), 1000);
  });

  test("a stop ends the wait with an AbortError", async () => {
    const pacing = new Pacing({ concurrency: 1, recordsPerSecond: 1 });
    const stop = new AbortController();
    await pacing.admit(1000, 0, stop.signal);
    const waiting = pacing.admit(1, 0, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });

  async function timed(promise: Promise<void>, milliseconds: number): Promise<void> {
    const start = performance.now();
    await vi.runAllTimersAsync();
    await promise;
    expect(Math.abs(performance.now() - start - milliseconds)).toBeLessThan(2);
  }
});

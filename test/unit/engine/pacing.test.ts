import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Limits, Pacing } from "../../../src/engine/pacing.ts";

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

  test("no rate, no wait; the slower of two rates counts; a change holds at once, also for who waits already", async () => {
    const pacing = new Pacing<Limits>({ concurrency: 1 });
    const start = performance.now();
    for (let at = 0; at < 100; at++) await pacing.admit(1000, 5_000_000, never);
    expect(performance.now()).toBe(start);

    pacing.limits = { concurrency: 1, recordsPerSecond: 1000, bytesPerSecond: 1000 };
    await pacing.admit(1000, 3000, never); // worth three seconds by its bytes
    await timed(pacing.admit(500, 0, never), 3000);
    pacing.limits = { concurrency: 1, recordsPerSecond: 1 };
    const waiting = pacing.admit(10, 0, never); // behind one worth 500 seconds
    await vi.advanceTimersByTimeAsync(1500);
    expect(pacing.isThrottled).toBe(true);
    pacing.limits = { concurrency: 1, recordsPerSecond: 100 };
    await timed(waiting, 4985); // for what of it was not paid yet
    pacing.limits = { concurrency: 1, recordsPerSecond: 1 };
    const next = pacing.admit(10, 0, never);
    pacing.limits = { concurrency: 1, recordsPerSecond: null };
    await timed(next, 0);
    await timed(pacing.admit(500, 0, never), 0);
    await vi.advanceTimersByTimeAsync(2000);
    expect(pacing.isThrottled).toBe(false);
  });

  test("waits longer than a timer can be are waited out", async () => {
    const pacing = new Pacing({ concurrency: 1, bytesPerSecond: 1 });
    const seconds = 30 * 24 * 3600;
    await pacing.admit(1, seconds, never);
    let admitted = false;
    const last = pacing.admit(1, 1, never).then(() => (admitted = true));
    await vi.advanceTimersByTimeAsync((seconds - 1) * 1000);
    expect(admitted).toBe(false);
    await vi.advanceTimersByTimeAsync(1001);
    await last;
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
    expect(vi.getTimerCount()).toBe(0); // a timer left would keep the program alive
  });

  async function timed(promise: Promise<void>, milliseconds: number): Promise<void> {
    const start = performance.now();
    await vi.runAllTimersAsync();
    await promise;
    expect(Math.abs(performance.now() - start - milliseconds)).toBeLessThan(2);
  }
});

type Change =
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "limits"; readonly recordsPerSecond: number; readonly concurrency: number };

describe("changed while it works", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant("pause") }),
    fc.record({ kind: fc.constant("resume") }),
    fc.record({
      kind: fc.constant("limits" as const),
      recordsPerSecond: fc.integer({ min: 50, max: 400 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
    }),
  );

  test("in no half minute is more admitted than the rates allow and one batch; a pause admits nothing; the order is kept", async () => {
    const changes = fc.array(fc.record({ after: fc.integer({ min: 1, max: 20_000 }), change }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, fc.integer({ min: 20, max: 400 }), async (plan, largest) => {
        const pacing = new Pacing<Limits>({ concurrency: 2, recordsPerSecond: 200 });
        const admitted: { at: number; records: number; number: number }[] = [];
        const rates = [{ from: performance.now(), rate: 200 }];
        const stop = new AbortController();
        let number = 0;
        const feed = async () => {
          for (;;) {
            const mine = number++;
            const records = 1 + ((mine * 37) % largest);
            await pacing.admit(records, 0, stop.signal);
            expect(pacing.isPaused).toBe(false);
            admitted.push({ at: performance.now(), records, number: mine });
            const freeSlot = await pacing.takeSlot(stop.signal);
            expect(pacing.isPaused).toBe(false);
            await new Promise((resolve) => setTimeout(resolve, 5));
            freeSlot();
          }
        };
        const feeds = [feed(), feed(), feed()].map((one) => one.catch((error: Error) => error.name));
        for (const { after, change: next } of [
          ...plan,
          { after: 40_000, change: { kind: "resume" } satisfies Change },
        ]) {
          await vi.advanceTimersByTimeAsync(after);
          if (next.kind === "pause") pacing.pause();
          else if (next.kind === "resume") pacing.resume();
          else {
            rates.push({ from: performance.now(), rate: next.recordsPerSecond });
            pacing.limits = next;
          }
        }
        await vi.advanceTimersByTimeAsync(5000);
        stop.abort();
        await vi.advanceTimersByTimeAsync(5); // for those that hold a slot
        expect(await Promise.all(feeds)).toEqual(["AbortError", "AbortError", "AbortError"]);

        expect(admitted.map((one) => one.number)).toEqual(admitted.map((_, at) => at));
        expect(admitted.length).toBeGreaterThan(1);
        let excess = 0;
        for (const [first, { at: start }] of admitted.entries()) {
          let records = 0; // of the window without its last batch, which is paid for afterwards
          for (let at = first; at < admitted.length && admitted[at]!.at - start <= 30_000; at++) {
            excess = Math.max(excess, records - allowance(rates, start, admitted[at]!.at));
            records += admitted[at]!.records;
          }
        }
        expect(excess).toBeLessThan(1);
      }),
      { numRuns: 25 },
    );
  });

  /** Records that the rates allow between two times. */
  function allowance(rates: readonly { from: number; rate: number }[], start: number, end: number): number {
    return rates.reduce((sum, { from, rate }, at) => {
      const to = Math.min(end, rates[at + 1]?.from ?? Infinity);
      return sum + (Math.max(0, to - Math.max(start, from)) / 1000) * rate;
    }, 0);
  }

  test("after a pause it goes on at its rate, without a burst", async () => {
    const pacing = new Pacing({ concurrency: 1, recordsPerSecond: 100 });
    await pacing.admit(100, 0, never);
    pacing.pause();
    const times: number[] = [];
    const all = [1, 2, 3].map(() => pacing.admit(100, 0, never).then(() => times.push(performance.now())));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(times).toEqual([]);
    pacing.resume();
    const resumed = performance.now();
    await vi.advanceTimersByTimeAsync(10_000);
    await Promise.all(all);
    expect(times.map((time) => Math.round((time - resumed) / 1000))).toEqual([0, 1, 2]);
  });

  test("who waits for the end of a pause goes on at its end, or when stopped", async () => {
    const pacing = new Pacing({ concurrency: 1 });
    await pacing.unpaused(never);
    pacing.pause();
    const stop = new AbortController();
    const stopped = pacing.unpaused(stop.signal);
    const waiting = pacing.unpaused(never).then(() => "on");
    stop.abort();
    await expect(stopped).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    await expect(pacing.unpaused(stop.signal)).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    pacing.resume();
    expect(await waiting).toBe("on");
  });
});

describe("bytes known only after reading", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("are paid for by who comes next: never more than the rate and what was in flight", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ bytes: fc.nat(5000), reads: fc.nat(800) }), { minLength: 5, maxLength: 25 }),
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.integer({ min: 500, max: 4000 }), { nil: undefined }),
        async (batches, concurrency, later) => {
          const pacing = new Pacing<Limits>({ concurrency, bytesPerSecond: 2000 });
          const start = performance.now();
          const charged: { at: number; bytes: number }[] = [];
          let next = 0;
          const feed = async (): Promise<void> => {
            for (let one = batches[next++]; one !== undefined; one = batches[next++]) {
              await pacing.admit(1, 0, never);
              const freeSlot = await pacing.takeSlot(never);
              await new Promise((resolve) => setTimeout(resolve, one.reads));
              charged.push({ at: performance.now() - start, bytes: one.bytes });
              pacing.charge(one.bytes);
              freeSlot();
            }
          };
          const all = Promise.all(Array.from({ length: concurrency }, feed));
          if (later !== undefined) {
            await vi.advanceTimersByTimeAsync(1500);
            pacing.limits = { concurrency, bytesPerSecond: later };
          }
          await vi.runAllTimersAsync();
          await all;
          expect(charged).toHaveLength(batches.length);
          const rate = Math.max(2000, later ?? 0);
          let total = 0;
          for (const { at, bytes } of charged) {
            expect(total).toBeLessThanOrEqual((at / 1000) * rate + concurrency * 5000);
            total += bytes;
          }
          const slowest = Math.min(2000, later ?? 2000);
          const reading = batches.reduce((sum, { reads }) => sum + reads, 0);
          // and not much slower
          expect(charged.at(-1)!.at).toBeLessThanOrEqual((total / slowest) * 1000 + reading + 2 * batches.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("make wait also who waits already, and are nothing where no rate is", async () => {
    const pacing = new Pacing<Limits>({ concurrency: 1, bytesPerSecond: 1000 });
    await pacing.admit(1, 500, never);
    let admittedAt = Number.NaN;
    const start = performance.now();
    const waiting = pacing.admit(1, 0, never).then(() => (admittedAt = performance.now() - start));
    pacing.charge(1000);
    await vi.runAllTimersAsync();
    await waiting;
    expect(Math.abs(admittedAt - 1500)).toBeLessThan(3);
    pacing.charge(500);
    pacing.limits = { concurrency: 1 };
    await pacing.admit(1, 0, never);
  });
});

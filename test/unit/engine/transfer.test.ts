import fc, { type Scheduler } from "fast-check";
import { expect, test } from "vitest";
import { Pacing } from "../../../src/engine/pacing.ts";
import type { Batch, Receipt } from "../../../src/engine/ports.ts";
import { transfer, type TransferEnd } from "../../../src/engine/transfer.ts";

interface NumberedBatch extends Batch {
  readonly at: number;
}

interface Faults {
  readonly writes?: readonly number[];
  readonly source?: number | undefined;
  readonly checkpoint?: number | undefined;
}

/** A transfer of numbered batches of which every step waits for the scheduler, and what it did. */
function watched(scheduler: Scheduler, batches: number, pacing: Pacing, signal: AbortSignal, faults: Faults = {}) {
  const seen = {
    started: [] as number[],
    written: new Set<number>(),
    confirmed: [] as number[],
    writing: 0,
    mostWriting: 0,
  };
  const step = (what: string) => scheduler.schedule(Promise.resolve(), what);
  const end = transfer<NumberedBatch>(
    {
      source: {
        async *batches(aborted) {
          for (let at = 0; at < batches && !aborted.aborted; at++) {
            await step(`read ${at}`);
            if (faults.source === at) throw new Error("source");
            yield { at, records: 1, bytes: 10 };
          }
        },
      },
      sink: {
        async write({ at }): Promise<Receipt> {
          seen.started.push(at);
          seen.mostWriting = Math.max(seen.mostWriting, ++seen.writing);
          await step(`write ${at}`);
          seen.writing--;
          if (faults.writes?.includes(at) === true) throw new Error(`write ${at}`);
          seen.written.add(at);
          return { written: 1, refused: [] };
        },
      },
      checkpoint: {
        async confirm({ at }) {
          await step(`confirm ${at}`);
          if (faults.checkpoint === at) throw new Error("checkpoint");
          expect(seen.written).toContain(at);
          seen.confirmed.push(at);
        },
      },
      pacing,
    },
    signal,
  );
  const outcome: { end?: TransferEnd; error?: Error } = {};
  const settled = end.then(
    (value) => void (outcome.end = value),
    (error: Error) => void (outcome.error = error),
  );
  return { seen, outcome, settled };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const never = new AbortController().signal;

test("whatever fails or stops it, exactly a prefix in order is confirmed and nothing goes on behind its back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.record({
        writes: fc.uniqueArray(fc.nat(12), { maxLength: 2 }),
        source: fc.option(fc.nat(12), { nil: undefined }),
        checkpoint: fc.option(fc.nat(12), { nil: undefined }),
      }),
      fc.boolean(),
      async (scheduler, batches, concurrency, faults, aborts) => {
        const stop = new AbortController();
        if (aborts) void scheduler.schedule(Promise.resolve(), "abort").then(() => stop.abort());
        const pacing = new Pacing({ concurrency });
        const { seen, outcome } = watched(scheduler, batches, pacing, stop.signal, faults);
        await scheduler.waitIdle();

        expect(outcome).not.toEqual({}); // it has ended
        expect(seen.confirmed).toEqual(upTo(seen.confirmed.length));
        expect(seen.started).toEqual(upTo(seen.started.length));
        expect(seen.writing).toBe(0);
        expect(seen.mostWriting).toBeLessThanOrEqual(concurrency);
        const firstFault = Math.min(batches, ...faults.writes, faults.source ?? batches, faults.checkpoint ?? batches);
        const startedFault = [...faults.writes, faults.checkpoint].some((at) => seen.started.includes(at ?? -1));
        if (outcome.end === "completed") expect(seen.confirmed.length).toBe(batches);
        if (startedFault) expect(outcome.error).toBeInstanceOf(Error);
        if (outcome.error !== undefined && !aborts) expect(seen.confirmed.length).toBe(firstFault);
        if (outcome.end === "interrupted") {
          expect(stop.signal.aborted).toBe(true);
          expect(seen.confirmed).toEqual(seen.started);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("transfers that share the slots all end, also when the concurrency is changed meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      async (scheduler, transfers, [first, ...later]) => {
        const pacing = new Pacing({ concurrency: first! });
        for (const concurrency of later)
          void scheduler.schedule(Promise.resolve(), "change").then(() => (pacing.limits = { concurrency }));
        const all = transfers.map((batches) => watched(scheduler, batches, pacing, never));
        await scheduler.waitIdle();
        expect(all.map(({ outcome }) => outcome.end)).toEqual(transfers.map(() => "completed"));
        expect(all.map(({ seen }) => seen.confirmed)).toEqual(transfers.map(upTo));
      },
    ),
    { numRuns: 300 },
  );
});

test("slots bound the writes of all transfers together", async () => {
  let writing = 0;
  let most = 0;
  const pacing = new Pacing({ concurrency: 3 });
  const one = () =>
    transfer<Batch>(
      {
        source: {
          async *batches() {
            for (let at = 0; at < 20; at++) yield await Promise.resolve({ records: 1, bytes: 1 });
          },
        },
        sink: {
          async write() {
            most = Math.max(most, ++writing);
            await new Promise((resolve) => setImmediate(resolve));
            writing--;
            return { written: 1, refused: [] };
          },
        },
        checkpoint: { confirm: async () => {} },
        pacing,
      },
      never,
    );
  expect(await Promise.all([one(), one(), one()])).toEqual(["completed", "completed", "completed"]);
  expect(most).toBe(3);
});

/** Batches without a scheduler, for the single cases. */
function simple(parts: {
  batches?: number;
  concurrency?: number;
  recordsPerSecond?: number;
  write: (at: number, signal: AbortSignal) => Promise<Receipt>;
  onConfirmed?: () => void;
  signal?: AbortSignal;
}) {
  const confirmed: number[] = [];
  const end = transfer<NumberedBatch>(
    {
      source: {
        async *batches() {
          for (let at = 0; at < (parts.batches ?? 3); at++) yield await Promise.resolve({ at, records: 1, bytes: 1 });
        },
      },
      sink: { write: ({ at }, signal) => parts.write(at, signal) },
      checkpoint: { confirm: async ({ at }) => void confirmed.push(at) },
      pacing: new Pacing({ concurrency: parts.concurrency ?? 3, recordsPerSecond: parts.recordsPerSecond }),
      ...(parts.onConfirmed !== undefined && { onConfirmed: parts.onConfirmed }),
    },
    parts.signal ?? never,
  );
  return { end, confirmed };
}

const receipt: Receipt = { written: 1, refused: [] };
const abortError = () => new DOMException("stopped", "AbortError");

test("a sink stopped in its wait ends the transfer as interrupted", async () => {
  const stop = new AbortController();
  const { end, confirmed } = simple({
    signal: stop.signal,
    write: async (at) => {
      if (at === 0) return receipt;
      stop.abort();
      throw abortError();
    },
  });
  expect(await end).toBe("interrupted");
  expect(confirmed).toEqual([0]);
});

test("a failure is not hidden by the stop of a batch behind it", async () => {
  const stop = new AbortController();
  const { end, confirmed } = simple({
    signal: stop.signal,
    batches: 2,
    write: async (at) => {
      if (at === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error("taken over");
      }
      stop.abort();
      throw abortError();
    },
  });
  await expect(end).rejects.toThrow("taken over");
  expect(confirmed).toEqual([]);
});

test("a failure is not hidden by the stop of the wait for the next batch's turn", async () => {
  const stop = new AbortController();
  const { end } = simple({
    signal: stop.signal,
    recordsPerSecond: 0.01,
    write: async () => {
      stop.abort();
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error("taken over");
    },
  });
  await expect(end).rejects.toThrow("taken over");
});

test("a stop while waiting for the rate finishes what is in flight", async () => {
  const stop = new AbortController();
  const { end, confirmed } = simple({
    signal: stop.signal,
    recordsPerSecond: 0.01,
    write: async () => {
      stop.abort();
      await new Promise((resolve) => setTimeout(resolve, 5));
      return receipt;
    },
  });
  expect(await end).toBe("interrupted");
  expect(confirmed).toEqual([0]);
});

test("an AbortError that nobody asked for is a failure", async () => {
  await expect(
    simple({
      write: async () => {
        throw abortError();
      },
    }).end,
  ).rejects.toThrow("stopped");
});

test("the watcher may end the transfer behind the batch it was told of", async () => {
  let told = 0;
  const { end, confirmed } = simple({
    batches: 9,
    concurrency: 2,
    write: async () => receipt,
    onConfirmed: () => {
      if (++told === 4) throw new Error("too many");
    },
  });
  await expect(end).rejects.toThrow("too many");
  expect(confirmed).toEqual([0, 1, 2, 3]);
});

test("a batch without records is confirmed in its turn and not written", async () => {
  const written: number[] = [];
  const confirmed: { at: number; receipt: Receipt | undefined }[] = [];
  const end = await transfer<NumberedBatch>(
    {
      source: {
        async *batches() {
          for (let at = 0; at < 4; at++) yield await Promise.resolve({ at, records: at % 2, bytes: 0 });
        },
      },
      sink: {
        async write({ at }) {
          written.push(at);
          return receipt;
        },
      },
      checkpoint: { confirm: async ({ at }, got) => void confirmed.push({ at, receipt: got }) },
      pacing: new Pacing({ concurrency: 2 }),
    },
    never,
  );
  expect(end).toBe("completed");
  expect(written).toEqual([1, 3]);
  expect(confirmed.map(({ at }) => at)).toEqual([0, 1, 2, 3]);
  expect(confirmed.map(({ receipt: got }) => got)).toEqual([undefined, receipt, undefined, receipt]);
});

test("a failure while the source takes its time is not unhandled", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const end = transfer<Batch>(
    {
      source: {
        async *batches() {
          yield { records: 1, bytes: 1 };
          await new Promise((resolve) => setTimeout(resolve, 10));
        },
      },
      sink: { write: () => Promise.reject(new Error("refused")) },
      checkpoint: { confirm: async () => {} },
      pacing: new Pacing({ concurrency: 2 }),
    },
    never,
  );
  await expect(end).rejects.toThrow("refused");
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("a slow sink holds the source back: what is read is in flight, waits for its turn, or is one read ahead", async () => {
  let read = 0;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const end = transfer<Batch>(
    {
      source: {
        async *batches() {
          for (; read < 50; read++) yield await Promise.resolve({ records: 1, bytes: 1 });
        },
      },
      sink: { write: () => finished.then(() => receipt) },
      checkpoint: { confirm: async () => {} },
      pacing: new Pacing({ concurrency: 3 }),
    },
    never,
  );
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(read).toBeLessThanOrEqual(3 + 1 + 1);
  finish();
  expect(await end).toBe("completed");
  expect(read).toBe(50);
});

test("obeys the rates", async () => {
  const times: number[] = [];
  const { end } = simple({
    recordsPerSecond: 50,
    write: async () => {
      times.push(performance.now());
      return receipt;
    },
  });
  await end;
  expect(times[2]! - times[0]!).toBeGreaterThan(35);
});

test("what the checkpoint puts off is stored once, behind everything confirmed, however the transfer ends", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 6 }),
      fc.option(fc.nat(6), { nil: undefined }),
      fc.option(fc.nat(6), { nil: undefined }),
      async (batches, failsAt, abortsAt) => {
        const stop = new AbortController();
        const steps: string[] = [];
        const end = transfer<NumberedBatch>(
          {
            source: {
              async *batches() {
                for (let at = 0; at < batches; at++) {
                  if (at === abortsAt) stop.abort();
                  yield await Promise.resolve({ at, records: 1, bytes: 0 });
                }
              },
            },
            sink: {
              async write({ at }) {
                if (at === failsAt) throw new Error("write");
                return receipt;
              },
            },
            checkpoint: {
              confirm: async () => void steps.push("confirm"),
              flush: async () => void steps.push("flush"),
            },
            pacing: new Pacing({ concurrency: 2 }),
          },
          stop.signal,
        );
        await end.catch(() => {});
        expect(steps.indexOf("flush")).toBe(steps.length - 1);
      },
    ),
  );
});

test("a flush that fails is a failure of the transfer, but does not hide the one before it", async () => {
  const route = (writes: () => Promise<Receipt>) => ({
    source: {
      async *batches() {
        yield await Promise.resolve({ at: 0, records: 1, bytes: 0 });
      },
    },
    sink: { write: writes },
    checkpoint: { confirm: async () => {}, flush: () => Promise.reject(new Error("flush")) },
    pacing: new Pacing({ concurrency: 1 }),
  });
  await expect(
    transfer(
      route(async () => receipt),
      never,
    ),
  ).rejects.toThrow("flush");
  await expect(
    transfer(
      route(() => Promise.reject(new Error("write"))),
      never,
    ),
  ).rejects.toThrow("write");
});

import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Batch } from "../../../src/engine/ports.ts";
import { sparing } from "../../../src/engine/sparing.ts";

interface NumberedBatch extends Batch {
  readonly at: number;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A checkpoint that remembers what it was told and what of it is saved; saves take a second. */
function watched(often: { records: number; seconds: number }, failsAt = Infinity) {
  const seen = { noted: [] as number[], saved: [] as number[], saves: 0, isSaving: false };
  const checkpoint = sparing<NumberedBatch>(
    {
      note: ({ at }) => {
        expect(seen.isSaving).toBe(false);
        seen.noted.push(at);
      },
      save: async () => {
        expect(seen.isSaving).toBe(false);
        seen.isSaving = true;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        seen.isSaving = false;
        if (seen.saves++ === failsAt) throw new Error("disk full");
        seen.saved = [...seen.noted];
      },
    },
    often,
  );
  const confirm = async (at: number, records: number): Promise<void> => {
    const confirmed = checkpoint.confirm({ at, records, bytes: 0 }, undefined);
    confirmed.catch(() => {});
    await vi.advanceTimersByTimeAsync(2000);
    await confirmed;
  };
  const flush = async (): Promise<void> => {
    const flushed = checkpoint.flush!();
    flushed.catch(() => {});
    await vi.advanceTimersByTimeAsync(2000);
    await flushed;
  };
  return { seen, confirm, flush };
}

test("no more than so many records, or batches of so many seconds, are ever unsaved; all are saved at the end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ records: fc.nat(40), waits: fc.nat(20) }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 3, max: 20 }),
      async (batches, records, seconds) => {
        const { seen, confirm, flush } = watched({ records, seconds });
        for (const [at, batch] of batches.entries()) {
          await confirm(at, batch.records);
          const unsaved = batches.slice(seen.saved.length, at + 1).reduce((sum, one) => sum + one.records, 0);
          expect(unsaved).toBeLessThan(records);
          await vi.advanceTimersByTimeAsync(batch.waits * 1000);
          if (batch.waits > seconds) expect(seen.saved).toEqual(seen.noted);
        }
        await flush();
        expect(seen.saved).toEqual(batches.map((_, at) => at));
        const total = batches.reduce((sum, one) => sum + one.records, 0);
        const waited = batches.reduce((sum, { waits }) => sum + waits + 4, 0);
        expect(seen.saves).toBeLessThanOrEqual(total / records + waited / seconds + 1);
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
  );
});

test("a save that fails is thrown at the next confirm and at the end, and none is tried after it", async () => {
  const { seen, confirm, flush } = watched({ records: 100, seconds: 5 }, 0);
  await confirm(0, 1);
  await vi.advanceTimersByTimeAsync(10_000); // saved by the clock, in vain
  await expect(confirm(1, 1)).rejects.toThrow("disk full");
  await expect(flush()).rejects.toThrow("disk full");
  expect(seen).toMatchObject({ noted: [0], saves: 1 });
});

test("nothing is saved where nothing was confirmed", async () => {
  const { seen, flush } = watched({ records: 1, seconds: 5 });
  await flush();
  expect(seen.saves).toBe(0);
});

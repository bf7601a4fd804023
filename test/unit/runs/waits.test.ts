import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Limits, Pacing } from "../../../src/engine/pacing.ts";
import { liveBatchLimits } from "../../../src/runs/batch-limits.ts";
import { initialLimits, pacingLimits } from "../../../src/runs/run-limits.ts";
import { Waits } from "../../../src/runs/waits.ts";

const never = new AbortController().signal;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

function waiting(limits: Limits = { concurrency: 1 }) {
  const notes: string[] = [];
  const pacing = new Pacing<Limits>(limits);
  return { pacing, notes, waits: new Waits(pacing, (text) => notes.push(text)) };
}

test("of several reasons the most telling is named, whichever came first, and a pause goes before all", async () => {
  const { pacing, waits } = waiting({ concurrency: 1, recordsPerSecond: 1 });
  expect(waits.current).toBeUndefined();
  await pacing.admit(60, 0, never);
  const last = pacing.admit(1, 0, never);
  expect(waits.current).toMatch(/^throttled by rate/);
  for (const cause of ["lock", "replication_lag", "pressure", "no_answer", "disk_full"] as const) {
    waits.begin(cause, cause);
    expect(waits.current).toBe(cause);
  }
  waits.begin("replication_lag", "another");
  expect(waits.current).toBe("disk_full");
  pacing.pause();
  expect(waits.current).toBe("paused");
  pacing.resume();
  expect(waits.current).toBe("disk_full");
  await vi.runAllTimersAsync();
  await last;
});

test("a reason lasts over the attempt between two waits, is noted once, and is gone two seconds after the last", async () => {
  const { waits, notes } = waiting();
  for (let attempt = 0; attempt < 3; attempt++) {
    const goOn = waits.begin("no_answer", "no answer");
    await vi.advanceTimersByTimeAsync(30_000);
    goOn();
    await vi.advanceTimersByTimeAsync(1000);
    expect(waits.current).toBe("no answer");
  }
  expect(notes).toEqual(["no answer"]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(waits.current).toBeUndefined();
  waits.begin("no_answer", "no answer");
  expect(notes).toEqual(["no answer", "no answer"]);
});

test("one of two waits that ends leaves the other", async () => {
  const { waits } = waiting();
  const first = waits.begin("replication_lag", "lag");
  waits.begin("replication_lag", "lag");
  first();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(waits.current).toBe("lag");
});

test("a batch takes at most half a second of what the rates allow, and follows every change", () => {
  const pacing = new Pacing(pacingLimits(initialLimits({ batchRows: 1000, recordsPerSecond: 301 })));
  const [own, pages] = [liveBatchLimits(pacing, { bytes: 5000 }), liveBatchLimits(pacing, { bytes: 5000, rows: 70 })];
  expect([own.rows, own.bytes, pages.rows]).toEqual([151, 5000, 70]);
  pacing.limits = { ...pacing.limits, recordsPerSecond: 1, bytesPerSecond: 3000 };
  expect([own.rows, own.bytes, pages.rows]).toEqual([1, 1500, 1]);
  pacing.limits = { ...pacing.limits, batchRows: 2000, recordsPerSecond: null, bytesPerSecond: null };
  expect([own.rows, own.bytes, pages.rows]).toEqual([2000, 5000, 70]);
});

import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { estimateMillis } from "../../../../../src/cli/output/progress/estimate.ts";
import { createProgress } from "../../../../../src/cli/output/progress/progress.ts";
import { plainScreen, terminalScreen } from "../../../../../src/cli/output/progress/screen.ts";
import { add, newTally, pace } from "../../../../../src/cli/output/progress/tally.ts";
import { collector } from "../../../../support/fake-host.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settings = { quiet: false, progress: true };

function terminal(columns = 200) {
  const { stream, text } = collector();
  const tty = Object.assign(stream, { isTTY: true, columns, rows: 24 });
  return { screen: terminalScreen(tty), width: () => tty.columns, text };
}

function file() {
  const { stream, text } = collector();
  return { screen: plainScreen(stream), text };
}

/** The rows that were drawn last, without the terminal's controls. */
function lastFrame(text: string): string[] {
  const frames = text.split("\u001b[?2026h");
  return stripVTControlCharacters(frames.at(-1)!).trimEnd().split("\n");
}

describe("the pace", () => {
  test("is that of the last half minute and leaves out what earlier runs did", () => {
    const tally = newTally(10_000, 4000);
    add(tally, 1000, 5000, 1000);
    expect(pace(tally, 0, 2000)).toEqual({ rowsPerSecond: 500, bytesPerSecond: 2500, remainingMillis: 10_000 });
    for (let second = 2; second <= 60; second++) add(tally, 10, 10, second * 1000);
    expect(pace(tally, 0, 60_000).rowsPerSecond).toBeCloseTo(10, 0);
  });

  test("is nothing without rows, and then no time left is claimed", () => {
    expect(pace(newTally(10), 0, 60_000)).toEqual({ rowsPerSecond: 0, bytesPerSecond: 0, remainingMillis: undefined });
  });

  test("keeps few samples however many batches come", () => {
    const tally = newTally(1_000_000);
    for (let batch = 0; batch < 100_000; batch++) add(tally, 1, 1, batch);
    pace(tally, 0, 100_000);
    expect(tally.samples.length).toBeLessThan(40);
    expect(tally.done).toBe(100_000);
  });

  test("rows beyond the total raise it", () => {
    const tally = newTally(5);
    add(tally, 8, 0, 0);
    expect(tally.total).toBe(8);
  });
});

describe("without a terminal", () => {
  test("one line per ten seconds tells rows, rates and time left", () => {
    const { screen, text } = file();
    const progress = createProgress({ ...settings, screen });
    progress.plan(3000);
    progress.partitionStarted("a", "app_logs acme 2024-01", 1000, 500);
    vi.advanceTimersByTime(5000);
    expect(text()).toBe("");
    progress.advanced("a", 500, 5 * 1024 ** 2);
    vi.advanceTimersByTime(5000);
    expect(text()).toBe("1,000 of 3,000 rows (33.33%), 50 rows/s, 512 KiB/s, 40s left, 1 partition active\n");
    progress.partitionFinished("a");
    vi.advanceTimersByTime(10_000);
    expect(text().split("\n")[1]).toContain("0 partitions active");
    progress.stop();
    vi.advanceTimersByTime(60_000);
    expect(text().split("\n")).toHaveLength(3);
  });

  test("rows that were counted and did not come end as done", () => {
    const { screen, text } = file();
    const progress = createProgress({ ...settings, screen });
    progress.plan(100);
    progress.partitionStarted("a", "a", 100, 0);
    progress.advanced("a", 90, 1);
    progress.partitionFinished("a");
    progress.partitionFinished("a");
    vi.advanceTimersByTime(10_000);
    expect(text()).toContain("100 of 100 rows (100.00%)");
    progress.stop();
  });
});

test("--no-progress leaves only remarks, --quiet nothing", () => {
  const noted = [{ progress: false }, { quiet: true }].map((flags) => {
    const { text, ...on } = terminal();
    const progress = createProgress({ ...settings, ...flags, ...on });
    progress.plan(10);
    progress.partitionStarted("a", "a", 10, 0);
    progress.advanced("a", 5, 5);
    progress.note("paused");
    vi.advanceTimersByTime(30_000);
    progress.stop();
    return text();
  });
  expect(noted).toEqual(["paused\n", ""]);
});

describe("on a terminal", () => {
  test("one line for the whole stands above one for each active partition, whatever happens; remarks are never cut", () => {
    const { text, ...on } = terminal(60);
    const progress = createProgress({ ...settings, ...on });
    progress.plan(3000, 2);
    progress.partitionStarted("a", "app_logs acme 2024-01", 1000, 500);
    progress.partitionStarted("b", "app_logs \u001b[2Jevil 2024-02", 2000, 0);
    vi.advanceTimersByTime(2000);
    progress.advanced("a", 250, 1000);
    progress.note("it goes on with: app runs resume 28b83b5f-a023-4ab1-9d0e-0a4f8a3f1d22");
    vi.advanceTimersByTime(2000);
    expect(text()).toContain("it goes on with: app runs resume 28b83b5f-a023-4ab1-9d0e-0a4f8a3f1d22\n");
    expect(text()).not.toContain("\u001b[2J");
    progress.stop();
    const stopped = text().length;
    vi.advanceTimersByTime(60_000);
    expect(text().length).toBe(stopped);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([200, 80, 60, 40])("with %i columns no row is wider, and the first says how much is done", (columns) => {
    const { stream, text } = collector();
    const live: string[][] = [];
    const progress = createProgress({
      ...settings,
      screen: { print: (lines) => void stream.write(lines), live: (lines) => void live.push([...lines]) },
      width: () => columns,
    });
    progress.plan(3000, 12);
    progress.partitionStarted("a", "node_executions 0b9c2e1a-7c7c-4a52-9d0e-0a4f8a3f1d22 2024-01", 1000, 500);
    progress.advanced("a", 250, 1000);
    vi.advanceTimersByTime(2000);
    for (const frame of live) expect(frame[0]).toMatch(/^[█░]{20} \d+\.\d\d%/);
    const frame = live.at(-1)!;
    expect(frame).toHaveLength(2);
    expect(frame[0]).toMatch(/^█{5}░{15} 25\.00%/);
    for (const row of frame) expect(row.length).toBeLessThan(columns);
    if (columns >= 80) expect(frame[0]).toContain("left, 125 rows/s");
    if (columns >= 80) expect(frame[1]).toBe("███████████████░░░░░ 750/1,000 node_executions 0b9c2e1a 2024-01");
    progress.stop();
    expect(live.at(-1)).toEqual([]);
    expect(text()).toBe("");
  });

  test("rows are drawn in place, and taken away at the end", () => {
    const { text, ...on } = terminal(80);
    const progress = createProgress({ ...settings, ...on });
    progress.plan(100, 1);
    progress.partitionStarted("a", "app_logs acme 2024-01", 100, 0);
    vi.advanceTimersByTime(250);
    expect(lastFrame(text())).toEqual([
      "░░░░░░░░░░░░░░░░░░░░ 0.00%, time left unknown, 0 rows/s, 0 B/s, 0 of 100 rows",
      "░░░░░░░░░░░░░░░░░░░░ 0/100 app_logs acme 2024-01",
    ]);
    progress.stop();
    expect(lastFrame(text())).toEqual([""]);
  });

  test("stopping before any plan, and twice, writes nothing", () => {
    const { text, ...on } = terminal();
    const progress = createProgress({ ...settings, ...on });
    progress.stop();
    progress.stop();
    expect(text()).toBe("");
  });
});

describe("the time left", () => {
  const part = (bytes: number) => ({ bytes, millis: 200 + bytes / 10 });

  test("is by bytes and by parts where both cost time", () => {
    const finished = [part(10), part(20), part(50), part(30)];
    const elapsed = finished.reduce((sum, { millis }) => sum + millis, 0);
    expect(estimateMillis(finished, { parts: 2, bytes: 100_000 }, elapsed)).toBeCloseTo(400 + 10_000, 0);
    expect(estimateMillis(finished, { parts: 2, bytes: 100_000 }, elapsed / 2)).toBeCloseTo(5200, 0);
  });

  test("is that of the parts alone where bytes say nothing, and unknown while few are through", () => {
    const alike = [part(0), part(0), part(0)];
    expect(estimateMillis(alike, { parts: 10, bytes: 0 }, 600)).toBeCloseTo(2000, 0);
    expect(estimateMillis(alike.slice(1), { parts: 10, bytes: 0 }, 600)).toBeUndefined();
  });

  test("is never below nothing", () => {
    const cost = fc.record({ bytes: fc.nat(1e9), millis: fc.nat(1e6) });
    fc.assert(
      fc.property(fc.array(cost, { minLength: 3 }), fc.nat(1000), fc.nat(1e12), (finished, parts, bytes) => {
        expect(estimateMillis(finished, { parts, bytes }, 1000)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createProgress } from "../../../../src/cli/output/progress.ts";
import { add, newTally, pace } from "../../../../src/cli/output/tally.ts";
import { collector } from "../../../support/fake-host.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settings = { quiet: false, json: false, progress: true };

function terminal() {
  const { stream, text } = collector();
  const tty = Object.assign(stream, {
    isTTY: true,
    columns: 200,
    cursorTo() {},
    moveCursor() {},
    clearLine() {},
    clearScreenDown() {},
  });
  return { stream: tty, text };
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
    const { stream, text } = collector();
    const progress = createProgress({ ...settings, stream });
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
    const { stream, text } = collector();
    const progress = createProgress({ ...settings, stream });
    progress.plan(100);
    progress.partitionStarted("a", "a", 100, 0);
    progress.advanced("a", 90, 1);
    progress.partitionFinished("a");
    progress.partitionFinished("a");
    vi.advanceTimersByTime(10_000);
    expect(text()).toContain("100 of 100 rows (100.00%)");
    progress.stop();
  });

  test("--json on a terminal prints lines, too", () => {
    const { stream, text } = terminal();
    const progress = createProgress({ ...settings, json: true, stream });
    progress.plan(1);
    vi.advanceTimersByTime(10_000);
    progress.stop();
    expect(text()).toMatch(/^0 of 1 rows .*\n$/);
  });
});

test("--no-progress leaves only remarks, --quiet nothing", () => {
  const noted = [{ progress: false }, { quiet: true }].map((flags) => {
    const { stream, text } = terminal();
    const progress = createProgress({ ...settings, ...flags, stream });
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
  test("each active partition has a bar and the whole has one under them", () => {
    const { stream, text } = terminal();
    const progress = createProgress({ ...settings, stream });
    progress.plan(3000);
    progress.partitionStarted("a", "app_logs acme 2024-01", 1000, 500);
    progress.partitionStarted("b", "app_logs \u001b[2Jevil 2024-02", 2000, 0);
    vi.advanceTimersByTime(2000);
    progress.advanced("a", 250, 1000);
    progress.note("paused");
    vi.advanceTimersByTime(2000);
    const screen = text();
    expect(screen).toContain("500/1,000 app_logs acme 2024-01");
    expect(screen).toContain("750/1,000 app_logs acme 2024-01");
    expect(screen).toContain("0/2,000 app_logs \\u001b[2Jevil 2024-02");
    expect(screen).toMatch(/750 of 3,000 rows \(25\.00%\), \d+ rows\/s, .* left/);
    expect(screen).toContain("paused\n");
    expect(screen.lastIndexOf("of 3,000 rows")).toBeGreaterThan(screen.lastIndexOf("evil 2024-02"));
    progress.partitionFinished("a");
    progress.stop();
    const stopped = text().length;
    vi.advanceTimersByTime(60_000);
    expect(text().length).toBe(stopped);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("stopping before any plan, and twice, writes nothing", () => {
    const { stream, text } = terminal();
    const progress = createProgress({ ...settings, stream });
    progress.stop();
    progress.stop();
    expect(text()).toBe("");
  });
});

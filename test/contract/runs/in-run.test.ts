import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../../src/engine/errors.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import { inRun, type Run } from "../../../src/runs/run.ts";
import { runLockName } from "../../../src/runs/run-locks.ts";
import { adapters } from "./homes.ts";
import { type OpenHome } from "./homes-by-address.ts";

const description = { command: "toy", options: { a: 1 }, limits: { batchRows: 10 }, report: () => ({ done: 1 }) };

describe.each(Object.entries(adapters))("a run in %s", (_name, open) => {
  let opened: OpenHome;
  beforeEach(async () => (opened = await open()));
  afterEach(() => opened.close());

  function start<S extends "completed" | "completed_with_errors">(
    work: (run: Run) => Promise<S>,
    { signal = new AbortController().signal, ...more }: { signal?: AbortSignal; continues?: string } = {},
  ): Promise<S | "interrupted"> {
    return inRun(opened.home, { ...description, ...more }, { signal, progress: noProgress }, work);
  }

  async function state(id: string): Promise<unknown> {
    const { status, report, error } = (await opened.home.runs.find(id))!;
    return { status, report, error };
  }

  test("lives while its work is done, and ends as that says", async () => {
    let id = "";
    const status = await start(async (run) => {
      ({ id } = run);
      expect(await state(id)).toMatchObject({ status: "running" });
      return "completed_with_errors";
    });
    expect(status).toBe("completed_with_errors");
    expect(await state(id)).toEqual({ status: "completed_with_errors", report: { done: 1 }, error: null });
  });

  test("has failed when its work throws, and the error goes on", async () => {
    let id = "";
    const failure = new AppError("broken", "it broke");
    await expect(
      start(async (run) => {
        ({ id } = run);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await state(id)).toEqual({ status: "failed", report: { done: 1 }, error: "it broke" });
  });

  test("is paused, given other limits, resumed and aborted from another terminal", async () => {
    let id = "";
    const seen: string[] = [];
    const status = await start(async (run) => {
      ({ id } = run);
      const { runs } = opened.home;
      await runs.request(id, { state: "paused", limits: { batchRows: 3 } });
      await expect.poll(() => run.pacing.isPaused, { timeout: 10_000 }).toBe(true);
      await expect.poll(async () => (await runs.find(id))?.waiting, { timeout: 10_000 }).toBe("paused");
      seen.push(`paused, ${run.pacing.limits.batchRows} rows`);
      await runs.request(id, { state: "running" });
      await run.pacing.unpaused(run.signal);
      seen.push("resumed");
      await runs.request(id, { state: "aborted" });
      await sleep(60_000, undefined, { signal: run.signal });
      return "completed";
    });
    expect({ status, seen }).toEqual({ status: "interrupted", seen: ["paused, 3 rows", "resumed"] });
    expect(await state(id)).toMatchObject({ status: "interrupted" });
  });

  test("that is continued holds its lock, though a session that is no more held it when it began", async () => {
    let id = "";
    await start(async (run) => ((id = run.id), "completed"));
    const ghost = await opened.home.openLocks();
    // the run's session ends first
    await expect.poll(() => ghost.tryLock(runLockName(id)), { timeout: 10_000 }).toBe(true);
    const worked = start(
      async () => {
        ghost.close(); // too late, if the work began before
        await sleep(1000);
        expect(await state(id)).toMatchObject({ status: "running" });
        return "completed";
      },
      { continues: id },
    );
    await sleep(1000);
    ghost.close();
    expect(await worked).toBe("completed");
  });

  test("that waits for its lock is stopped as any other", async () => {
    let id = "";
    await start(async (run) => ((id = run.id), "completed"));
    const ghost = await opened.home.openLocks();
    // the run's session ends first
    await expect.poll(() => ghost.tryLock(runLockName(id)), { timeout: 10_000 }).toBe(true);
    const stop = new AbortController();
    const status = start(async () => "completed", { signal: stop.signal, continues: id });
    await sleep(500);
    stop.abort();
    expect(await status).toBe("interrupted");
    expect(await state(id)).toMatchObject({ status: "interrupted" });
    ghost.close();
  });
});

import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunLocks, runLockName } from "../../../src/runs/run-locks.ts";
import type { RunStore } from "../../../src/runs/run-store.ts";
import { adapters } from "./homes.ts";
import { type OpenHome } from "./homes-by-address.ts";

describe.each(Object.entries(adapters))("runs in %s", (_name, open) => {
  let opened: OpenHome;
  let runs: RunStore;
  let locks: RunLocks;
  beforeEach(async () => {
    opened = await open();
    ({ runs } = opened.home);
    locks = await opened.home.openLocks();
  });
  afterEach(async () => {
    locks.close();
    await opened.close();
  });

  async function begin(command = "toy", limits: object = {}): Promise<string> {
    const id = randomUUID();
    await locks.tryLock(runLockName(id));
    await runs.create({ id, command, options: { tenant: "é\u{1f600}", none: null }, limits });
    return id;
  }

  test("a run is kept as it was given, and runs", async () => {
    const before = Date.now();
    const id = await begin("toy copy", { batchRows: 10, recordsPerSecond: null });
    const run = await runs.find(id);
    expect(run).toMatchObject({
      id,
      command: "toy copy",
      status: "running",
      report: null,
      error: null,
      finishedAt: null,
      waiting: null,
      options: { tenant: "é\u{1f600}", none: null },
      limits: { batchRows: 10, recordsPerSecond: null },
      requested: { state: "running", at: null, by: null },
    });
    for (const time of [run!.startedAt, run!.heartbeatAt]) {
      expect(Math.abs(Date.parse(time) - before)).toBeLessThan(60_000);
    }
    expect(await runs.readRequest(id)).toEqual({ state: "running", limits: { batchRows: 10, recordsPerSecond: null } });
  });

  test("a heartbeat keeps report and reason of waiting, the end keeps the last of them", async () => {
    const id = await begin();
    await runs.heartbeat(id, { report: { done: 1 }, waiting: "for a lock" });
    expect(await runs.find(id)).toMatchObject({ report: { done: 1 }, waiting: "for a lock" });
    await runs.heartbeat(id, { report: { done: 2 }, waiting: undefined });
    expect(await runs.find(id)).toMatchObject({ report: { done: 2 }, waiting: null });
    await runs.finish(id, { status: "failed", report: { done: 3 }, error: "it broke" });
    const run = await runs.find(id);
    expect(run).toMatchObject({ status: "failed", report: { done: 3 }, error: "it broke" });
    expect(Date.parse(run!.finishedAt!)).toBeGreaterThanOrEqual(Date.parse(run!.startedAt));
  });

  test("a run that is reopened runs with its limits and its pause", async () => {
    const id = await begin("toy", { batchRows: 10 });
    await runs.request(id, { state: "paused", limits: { batchRows: 5 } });
    await runs.finish(id, { status: "failed", report: {}, error: "connection lost" });
    await runs.reopen(id);
    expect(await runs.find(id)).toMatchObject({ status: "running", error: null, finishedAt: null });
    expect(await runs.readRequest(id)).toEqual({ state: "paused", limits: { batchRows: 5 } });
  });

  test("a request changes what it names and says who asked", async () => {
    const id = await begin("toy", { batchRows: 10, recordsPerSecond: 5, bytesPerSecond: null });
    expect(await runs.request(id, { limits: { recordsPerSecond: null, batchRows: 7 } })).toBe(true);
    expect(await runs.request(id, { state: "paused" })).toBe(true);
    expect(await runs.readRequest(id)).toEqual({
      state: "paused",
      limits: { batchRows: 7, recordsPerSecond: null, bytesPerSecond: null },
    });
    const { requested } = (await runs.find(id))!;
    expect(requested).toMatchObject({ state: "paused", by: expect.stringMatching(/./) as string });
    expect(Date.parse(requested.at!)).toBeGreaterThan(0);
  });

  test("nothing is asked of a run that has ended, was told to abort, or is not there", async () => {
    const id = await begin();
    expect(await runs.request(id, { state: "aborted" })).toBe(true);
    expect(await runs.request(id, { state: "running" })).toBe(false);
    expect(await runs.readRequest(id)).toMatchObject({ state: "aborted" });
    const ended = await begin();
    await runs.finish(ended, { status: "completed", report: {} });
    expect(await runs.request(ended, { state: "paused" })).toBe(false);
    expect(await runs.request(randomUUID(), { state: "paused" })).toBe(false);
    await expect(runs.readRequest(randomUUID())).rejects.toThrow();
  });

  test("a run is found by the beginning of its id, when no other begins like it", async () => {
    const [one] = [await begin(), await begin()];
    expect((await runs.find(one.slice(0, 13).toUpperCase()))?.id).toBe(one);
    expect(await runs.find("")).toBeUndefined();
    expect(await runs.find("ffffffff-ffff-ffff-ffff-fffffffffff0")).toBeUndefined();
  });

  test("the newest are listed first, no more than asked for", async () => {
    const ids = [await begin(), await begin(), await begin()];
    expect((await runs.list(2)).map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(await runs.list(10)).toHaveLength(3);
  });

  test("a run that was never ended has died when nobody holds its lock, and is at work until then", async () => {
    const id = await begin("toy copy");
    await runs.heartbeat(id, { report: {}, waiting: "for a lock" });
    expect(await runs.isAtWork(["toy copy", "other"])).toBe(true);
    expect(await runs.isAtWork(["toy copy"], id)).toBe(false);
    expect(await runs.isAtWork(["other"])).toBe(false);
    await locks.unlock(runLockName(id));
    expect(await runs.find(id)).toMatchObject({ status: "died", waiting: null });
    expect(await runs.list(1)).toMatchObject([{ status: "died" }]);
    expect(await runs.isAtWork(["toy copy"])).toBe(false);
  });
});

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { type AppProcess, startApp } from "../../support/app-process.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { confirmedRows, countRows, createTestArchive, type TestArchive, writes } from "../../support/test-archive.ts";
import { expectQuiet, runs, runUnderWay, shown, until, untilWaiting } from "./controlled-run.ts";

// One archive for all tests: each migrate goes on where the one before it was stopped, the last one ends.
const command = ["elasticsearch", "migrate", "--json", "--batch-size", "20", "--max-rps", "100"];

let archive: TestArchive;
let app: AppProcess | undefined;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 900, tenants: 1, months: 1 });
});
afterEach(async () => {
  app?.child.kill("SIGKILL");
  await app?.end;
  app = undefined;
});
afterAll(() => archive.drop());

/** The run in the midst of copying. */
async function inItsMidst(): Promise<string> {
  const before = await confirmedRows(archive.sql);
  const id = await runUnderWay(archive);
  await until(async () => (await confirmedRows(archive.sql)) > before || undefined);
  return id;
}

async function pause(id: string): Promise<void> {
  expect(await runs(archive, "pause", id)).toMatchObject({ code: 0, document: { requested: { state: "paused" } } });
  const asked = performance.now();
  await untilWaiting(archive, id, /^paused$/);
  expect(performance.now() - asked).toBeLessThan(2000);
}

/** Everything that was written is confirmed, nothing twice. */
async function expectCheckpoint(): Promise<void> {
  expect(await writes(archive)).toBe(await confirmedRows(archive.sql));
}

test("a paused migrate does nothing in either store, and SIGINT ends it", async () => {
  app = startApp(archive, command);
  const id = await inItsMidst();
  await pause(id);
  const before = await confirmedRows(archive.sql);
  await expectQuiet(archive, 2500);
  await expectCheckpoint();
  expect(await confirmedRows(archive.sql)).toBeLessThanOrEqual(before + 3 * 20); // what was in flight
  expect(await shown(archive, id)).toMatchObject({ status: "running", waiting: "paused" });

  app.child.kill("SIGINT");
  expect(await app.end).toMatchObject({ code: 130 });
  expect(await shown(archive, id)).toMatchObject({ status: "interrupted", waiting: null });
  await expectCheckpoint();
});

test("a paused run that is killed has died and obeys no more", async () => {
  app = startApp(archive, command);
  const id = await inItsMidst();
  await pause(id);
  await expectQuiet(archive, 500); // what a kill cuts off in flight is written twice
  app.child.kill("SIGKILL");
  await app.end;
  await until(async () => (await shown(archive, id)).status === "died" || undefined);
  expect(await shown(archive, id)).toMatchObject({ waiting: null });
  expect(await runs(archive, "resume", id)).toMatchObject({ code: 2, document: { error: { code: "run_died" } } });
});

test.each(["working", "paused"])("abort stops a run that is %s as SIGTERM would", async (state) => {
  const end = runAppHere(archive, command);
  const id = await inItsMidst();
  if (state === "paused") await pause(id);
  expect(await runs(archive, "abort", id)).toMatchObject({ code: 0, document: { effectiveWithinSeconds: 2 } });

  const { code, stdout, stderr } = await end;
  expect({ code, report: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 143,
    report: { status: "interrupted", aborted: true },
  });
  expect(stderr).toMatch(/Aborted from another terminal/);
  expect(await shown(archive, id)).toMatchObject({ status: "interrupted", requested: { state: "aborted" } });
  await expectCheckpoint();
});

test("a paused run obeys other limits, goes on when it is told to, and every row was written once", async () => {
  const end = runAppHere(archive, command);
  const id = await inItsMidst();
  await pause(id);
  expect(await runs(archive, "set", id, "--max-rps", "off", "--concurrency", "5")).toMatchObject({ code: 0 });
  expect(await shown(archive, id)).toMatchObject({
    waiting: "paused",
    limits: { concurrency: 5, batchRows: 20, recordsPerSecond: null, bytesPerSecond: null },
    requested: { state: "paused", by: expect.stringMatching(/\w@127\.0\.0\.1/) as string },
  });
  expect(await confirmedRows(archive.sql)).toBeLessThan(await countRows(archive.sql));
  expect(await runs(archive, "resume", id)).toMatchObject({ code: 0, document: { requested: { state: "running" } } });

  const { code, stderr } = await end;
  expect(code).toBe(0);
  expect(stderr).toMatch(/Paused from another terminal.*--max-rps off.*Resumed/s);
  expect(await shown(archive, id)).toMatchObject({ status: "completed", waiting: null });
  expect((await compareStores(archive)).differences).toEqual([]);
  await expectCheckpoint();
});

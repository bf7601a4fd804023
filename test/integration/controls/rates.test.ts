import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StatusReport } from "../../../src/workflow-logs/status.ts";
import { runAppHere } from "../../support/app-here.ts";
import { confirmedRows, countRows, createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { runs, runUnderWay, until, untilWaiting } from "./controlled-run.ts";

const full = process.env["TEST_FULL"] === "1";
const seconds = full ? 30 : 6;
/** In a short window a single batch of half a second's worth counts for much. */
const batchRows = full ? "1000" : "20";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 400 * seconds, tenants: 1, months: 1 });
});
afterAll(() => archive.drop());

/** Rows confirmed in a second, over the whole window. */
async function rowsPerSecond(): Promise<number> {
  const [before, start] = [await confirmedRows(archive.sql), performance.now()];
  await sleep(seconds * 1000);
  return ((await confirmedRows(archive.sql)) - before) / ((performance.now() - start) / 1000);
}

test("a rate is not exceeded, also one set while the run works, and is given as the reason why it waits", async () => {
  const end = runAppHere(archive, ["elasticsearch", "migrate", "--json", "--max-rps", "50", "--batch-size", batchRows]);
  const id = await runUnderWay(archive);
  await until(async () => (await confirmedRows(archive.sql)) > 0 || undefined);
  const slow = await rowsPerSecond();
  expect(slow).toBeLessThan(1.1 * 50);
  expect(slow).toBeGreaterThan(0.5 * 50);

  expect(await runs(archive, "set", id, "--max-rps", "100")).toMatchObject({ code: 0 });
  await sleep(2000);
  const faster = await rowsPerSecond();
  expect(faster).toBeLessThan(1.1 * 100);
  expect(faster).toBeGreaterThan(Math.max(slow, 0.5 * 100));
  await untilWaiting(archive, id, /^throttled by rate/);
  const { stdout } = await runAppHere(archive, ["elasticsearch", "status", "--json"]);
  expect((JSON.parse(stdout) as StatusReport).runs[0]).toMatchObject({
    id,
    waiting: expect.stringContaining("throttled by rate") as string,
  });

  const left = (await countRows(archive.sql)) - (await confirmedRows(archive.sql));
  const start = performance.now();
  expect(await runs(archive, "set", id, "--max-rps", "off", "--batch-size", "500")).toMatchObject({ code: 0 });
  expect(await end).toMatchObject({ code: 0 });
  const unthrottled = left / ((performance.now() - start) / 1000);
  expect({ left, threeTimesAsFast: unthrottled > 3 * faster }).toEqual({ left, threeTimesAsFast: true });
});

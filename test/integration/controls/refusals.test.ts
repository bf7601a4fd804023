import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { runs, shown } from "./controlled-run.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({});
});
afterAll(() => archive.drop());

interface Row {
  readonly status?: string;
  readonly limits?: object | null;
  readonly command?: string;
}

const limits = { concurrency: 3, batchRows: 1000, recordsPerSecond: null, bytesPerSecond: 1024 };

/** A run as its process would have left it; `alive` holds the lock that the process would hold. */
async function insertedRun({ status = "running", command = "elasticsearch migrate", ...row }: Row = {}, alive = true) {
  const id = randomUUID();
  const stored = row.limits === undefined ? limits : row.limits;
  await archive.sql.query(
    "INSERT INTO log_archive.runs (id, command, status, options, limits) VALUES ($1, $2, $3, '{}', $4)",
    [id, command, status, stored],
  );
  if (alive)
    await archive.sql.query("SELECT pg_advisory_lock(hashtextextended('log_archive:run:' || $1::text, 0))", [id]);
  return id;
}

test("without any run, and without our tables, there is nothing to control", async () => {
  expect(await runs(archive, "pause", "abc")).toMatchObject({ code: 2, document: { error: { code: "unknown_run" } } });
  expect((await archive.sql.query("SELECT to_regnamespace('log_archive') AS state")).rows).toEqual([{ state: null }]);
  await runAppHere(archive, ["db", "upgrade"]);
  expect(await runs(archive, "abort", "abc")).toMatchObject({ code: 2, document: { error: { code: "unknown_run" } } });
});

test("a run is found by the first characters of its id; its other limits stay as they are", async () => {
  const id = await insertedRun();
  expect(await runs(archive, "set", id.slice(0, 13), "--max-bytes-rate", "2MB", "--batch-size", "50")).toMatchObject({
    code: 0,
    document: {
      command: "runs set",
      id,
      limits: { concurrency: 3, batchRows: 50, recordsPerSecond: null, bytesPerSecond: 2 * 1024 * 1024 },
      requested: { state: "running" },
      effectiveWithinSeconds: 2,
    },
  });
  expect(await runs(archive, "set", id, "--max-bytes-rate", "off", "--max-rps", "7")).toMatchObject({
    document: { limits: { concurrency: 3, batchRows: 50, recordsPerSecond: 7, bytesPerSecond: null } },
  });
  const list = await runAppHere(archive, ["runs", "show", id]);
  expect(list.stdout).toMatch(/limits: +--concurrency 3 --batch-size 50 --max-rps 7 --max-bytes-rate off/);
});

test.each([
  ["completed", {}, "run_ended"],
  ["failed", {}, "run_ended"],
  ["running", {}, "run_died"],
  ["running", { limits: null }, "run_of_older_program"],
])("a run that says %s %o obeys nothing: %s", async (status, row, code) => {
  const id = await insertedRun({ status, ...row }, code !== "run_died");
  for (const args of [["pause"], ["resume"], ["abort"], ["set", "--max-rps", "5"]]) {
    const [name, ...more] = args;
    expect(await runs(archive, name!, id, ...more)).toMatchObject({ code: 2, document: { error: { code } } });
  }
  expect(await shown(archive, id)).toMatchObject({ requested: { state: "running", at: null } });
});

test("a run that was told to abort is not paused or resumed any more", async () => {
  const id = await insertedRun();
  expect(await runs(archive, "abort", id)).toMatchObject({ code: 0 });
  for (const name of ["pause", "resume", "abort"])
    expect(await runs(archive, name, id)).toMatchObject({ code: 2, document: { error: { code: "run_aborted" } } });
  expect(await shown(archive, id)).toMatchObject({ requested: { state: "aborted" } });
});

test("a limit that a run does not have is not set, nor are those beside it", async () => {
  const { concurrency: _, ...others } = limits;
  const id = await insertedRun({ command: "elasticsearch cleanup-pg", limits: others });
  expect(await runs(archive, "set", id, "--concurrency", "2", "--max-rps", "5")).toMatchObject({
    code: 2,
    document: {
      error: { code: "no_such_limit", message: "A run of elasticsearch cleanup-pg has no --concurrency." },
    },
  });
  expect(await shown(archive, id)).toMatchObject({ limits: others });
});

test.each([
  [["set"], /give at least one of/],
  [["set", "--max-rps", "0"], /--max-rps.*"0" is not a whole number/],
  [["set", "--max-rps", "fast"], /or "off"/],
  [["set", "--max-bytes-rate", "10 apples"], /--max-bytes-rate/],
  [["set", "--concurrency", "off"], /--concurrency/],
  [["set", "--concurrency", "65"], /from 1 to 64/],
  [["set", "--batch-size", "10001"], /from 1 to 10000/],
  [["set", "--max-lag", "5"], /unknown option/],
])("wrong input is refused and changes nothing: %s", async ([name, ...args], message) => {
  const id = await insertedRun();
  const { code, stderr } = await runAppHere(archive, ["runs", name!, id, ...args]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string });
  expect(await shown(archive, id)).toMatchObject({ limits, requested: { state: "running", at: null } });
});

test.each(["pause", "resume", "abort", "set"])("%s needs the id of a run", async (name) => {
  expect(await runAppHere(archive, ["runs", name])).toMatchObject({ code: 2 });
  expect(await runAppHere(archive, ["runs", name, "*"])).toMatchObject({ code: 2 });
});

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../../../src/cli/run-cli.ts";
import { reportErrors } from "../../../src/runs/record-errors.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import { sqliteCheckpoints } from "../../../src/stores/sqlite/checkpoint-store.ts";
import { SqliteRecordErrors } from "../../../src/stores/sqlite/record-errors.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";
import { fakeHost } from "../../support/fake-host.ts";
import { copyNumbers } from "./toy-pipeline.ts";

let folder: string;
let stateFile: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "log-archive-"));
  stateFile = path.join(folder, "state", "state.db");
});
afterEach(() => rm(folder, { recursive: true }));

const watch = { signal: new AbortController().signal, progress: noProgress };
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** `app runs ...`, where nothing but the state file is configured. */
async function runs(...args: string[]): Promise<{ code: number; document: Record<string, unknown> }> {
  const host = fakeHost(["runs", ...args, "--json"], { env: { STATE_FILE: stateFile } });
  const code = await runCli(host);
  return { code, document: JSON.parse(host.out()) as Record<string, unknown> };
}

test("a pipeline on the state file has run records, which app runs shows and names its home", async () => {
  const to: number[] = [];
  const report = await copyNumbers(upTo(25), async (number) => void to.push(number), stateFile, watch);
  expect(report).toMatchObject({ status: "completed", copied: 25, refused: 0, stateFile });
  expect(to.toSorted((a, b) => a - b)).toEqual(upTo(25));
  const shown = await runs("show", report.runId!.slice(0, 8));
  expect(shown).toMatchObject({
    code: 0,
    document: { id: report.runId, command: "toy copy", status: "completed", home: stateFile, report: { copied: 25 } },
  });
  expect(await runs("list")).toMatchObject({ code: 0, document: { runs: [{ id: report.runId, home: stateFile }] } });
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  expect((await stat(path.dirname(stateFile))).mode & 0o777).toBe(0o700);
});

test("what it never takes is a record error, and does not stop the run", async () => {
  const write = async (number: number): Promise<void> => {
    if (number === 7) throw new Error("no sevens");
  };
  const report = await copyNumbers(upTo(20), write, stateFile, watch);
  expect(report).toMatchObject({ status: "completed_with_errors", copied: 18, refused: 2 });
  using file = await openStateFile(stateFile);
  const errors = new SqliteRecordErrors(file);
  expect(await reportErrors(errors, { runId: report.runId! }, 10)).toMatchObject({
    total: 2,
    errors: [{ id: "6" }, { id: "7", reason: "Error: no sevens" }],
  });
});

test("it is controlled from another terminal, and goes on where it was stopped", async () => {
  const to: number[] = [];
  const write = async (number: number): Promise<void> => {
    to.push(number);
    await sleep(5);
  };
  const first = copyNumbers(upTo(2000), write, stateFile, watch);
  await expect.poll(() => to.length, { timeout: 10_000 }).toBeGreaterThan(20);
  const { document } = await runs("list");
  const { id } = (document["runs"] as { id: string }[])[0]!;
  expect(await runs("pause", id)).toMatchObject({
    code: 0,
    document: { home: stateFile, requested: { state: "paused" } },
  });
  await expect.poll(async () => (await runs("show", id)).document["waiting"], { timeout: 10_000 }).toBe("paused");
  expect(await runs("set", id, "--concurrency", "4")).toMatchObject({ code: 0 });
  expect(await runs("abort", id)).toMatchObject({ code: 0 });
  expect(await first).toMatchObject({ status: "interrupted", runId: id });
  expect(await runs("resume", id)).toMatchObject({ code: 2, document: { error: { code: "run_ended" } } });

  const before = to.length;
  const second = await copyNumbers(upTo(2000), async (number) => void to.push(number), stateFile, watch);
  expect(second).toMatchObject({ status: "completed", copied: 2000 - before });
  expect(to).toHaveLength(2000);
  expect(new Set(to).size).toBe(2000);
});

test("a checkpoint that cannot be read is no beginning", async () => {
  {
    using file = await openStateFile(stateFile);
    await sqliteCheckpoints(file).save("toy numbers", "from another version");
  }
  await expect(copyNumbers(upTo(3), async () => {}, stateFile, watch)).rejects.toMatchObject({
    code: "checkpoint_unreadable",
  });
  expect(await runs("list")).toMatchObject({ document: { runs: [{ status: "failed" }] } });
});

test("a database that does not answer hides no run of the state file", async () => {
  await copyNumbers(upTo(3), async () => {}, stateFile, watch);
  const env = { STATE_FILE: stateFile, DATABASE_URL: "postgresql://nobody@127.0.0.1:9/none" };
  const host = fakeHost(["runs", "list", "--json"], { env });
  expect(await runCli(host)).toBe(3);
  expect(JSON.parse(host.out())).toMatchObject({
    runs: [{ command: "toy copy", home: stateFile }],
    unanswered: [{ home: "postgresql", error: { code: "database_unreachable" } }],
  });
});

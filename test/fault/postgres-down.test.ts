import { afterEach, beforeEach, expect, test } from "vitest";
import { type AppEnd, runApp, startApp } from "../support/app-process.ts";
import { compareStores } from "../support/compare-stores.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import {
  confirmedRows,
  copiedRows,
  countRows,
  createTestArchive,
  documentsByIndex,
  type TestArchive,
  untilConfirmed,
  writes,
} from "../support/test-archive.ts";

const command = ["elasticsearch", "migrate", "--batch-size", "50", "--max-rps", "400", "--no-progress"];

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 700, tenants: 1, months: 1 });
});
afterEach(() => archive.drop());

function expectClearFailure(end: AppEnd): void {
  expect(end).toMatchObject({ code: 1, stdout: "" });
  expect(end.stderr.match(/^Error:/gm)).toHaveLength(1);
  expect(end.stderr).toMatch(/^Error: .*PostgreSQL/m);
  expect(end.stderr).toMatch(/run the same command again/);
  expect(end.stderr).not.toMatch(/ {4}at |defect/); // no stack
}

async function expectRestCopied(): Promise<void> {
  const rows = await countRows(archive.sql);
  expect(await confirmedRows(archive.sql)).toBeLessThan(rows);
  expect(await runApp(archive, ["elasticsearch", "migrate"])).toMatchObject({ code: 0 });
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
  expect(await writes(archive)).toBeLessThanOrEqual(rows + 3 * 50);
}

test("PostgreSQL's connections are cut: one clear message, exit 1, and the next run goes on", async () => {
  const proxy = await startFaultProxy(archive.databaseUrl);
  try {
    const app = startApp({ ...archive, databaseUrl: proxy.url }, command);
    await untilConfirmed(archive.sql, 300); // in the midst of the largest partition
    proxy.set({ kind: "reset" });
    expectClearFailure(await app.end);
  } finally {
    await proxy.close();
  }
  await expectRestCopied();
});

test("an administrator ends the sessions: one clear message, exit 1, and the next run goes on", async () => {
  const app = startApp(archive, command);
  await untilConfirmed(archive.sql, 300); // in the midst of the largest partition
  await archive.sql.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'log-archive'",
  );
  expectClearFailure(await app.end);
  await expectRestCopied();
});

test("only the session with the locks ends: the run stops rather than go on without them", async () => {
  const app = startApp(archive, command);
  await untilConfirmed(archive.sql, 300); // in the midst of the largest partition
  await archive.sql.query(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  expectClearFailure(await app.end);
  await expectRestCopied();
});

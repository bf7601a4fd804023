import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { createPrng } from "../../dev/sample-logs/prng.ts";
import { type AppProcess, runApp, startApp } from "../support/app-process.ts";
import { compareStores } from "../support/compare-stores.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
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

const full = process.env["TEST_FULL"] === "1";
const kills = full ? 25 : 5;
const seed = process.env["TEST_SEED"] ?? "1";
const batchRows = 50;
const concurrency = 3;
const command = [
  "elasticsearch",
  "migrate",
  "--json",
  "--batch-size",
  `${batchRows}`,
  "--concurrency",
  `${concurrency}`,
];

let archive: TestArchive;
let slow: FaultProxy | undefined;
const running = new Set<AppProcess>();
afterEach(async () => {
  for (const { child, end } of running) {
    child.kill("SIGKILL");
    await end;
  }
  running.clear();
  await slow?.close();
  slow = undefined;
  await archive.drop();
});

async function fill(nodeExecutions: number): Promise<void> {
  archive = await createTestArchive({ nodeExecutions, tenants: 1, months: 2 });
}

function start(args: readonly string[], elasticsearchUrl = archive.elasticsearchUrl): AppProcess {
  const app = startApp({ ...archive, elasticsearchUrl }, [...command, ...args]);
  running.add(app);
  return app;
}

async function keyTables(): Promise<string[]> {
  const { rows } = await archive.sql.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('log_archive') AND relname LIKE 'keys\\_%'",
  );
  return rows.map(({ name }) => name);
}

async function expectWholeArchive(): Promise<void> {
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
  expect(await keyTables()).toEqual([]);
}

test(`kill -9 at ${kills} random moments of one migration loses nothing and repeats only bulks in flight (TEST_SEED=${seed})`, async () => {
  await fill(full ? 12_000 : 2_500);
  slow = await startFaultProxy(archive.elasticsearchUrl);
  slow.set({ kind: "delay", millis: 60 }); // most of the time there are requests on their way
  const prng = createPrng(`kill/${seed}`);
  const rows = await countRows(archive.sql);
  let confirmed = 0;
  let killedWhileCopying = 0;
  for (let kill = 0; kill < kills; kill++) {
    const app = start(["--max-rps", "1000"], slow.url);
    if (prng.chance(0.2)) await sleep(prng.integer(100, 1500)); // while it starts, plans or begins
    else {
      await untilConfirmed(archive.sql, confirmed);
      await sleep(prng.integer(0, 400));
    }
    app.child.kill("SIGKILL");
    expect(await app.end).toMatchObject({ signal: "SIGKILL" });
    const now = await confirmedRows(archive.sql);
    expect(now).toBeGreaterThanOrEqual(confirmed); // never back
    if (now > confirmed) killedWhileCopying++;
    confirmed = now;
  }
  expect(killedWhileCopying).toBeGreaterThan(kills / 2);
  expect(confirmed).toBeLessThan(rows);

  const last = await runApp(archive, command);

  expect(last).toMatchObject({ code: 0 });
  expect(JSON.parse(last.stdout)).toMatchObject({
    status: "completed",
    totals: { source: rows, skipped: confirmed, migrated: rows - confirmed },
  });
  await expectWholeArchive();
  const repeated = (await writes(archive)) - rows;
  expect(repeated).toBeGreaterThanOrEqual(0);
  expect(repeated).toBeLessThanOrEqual(kills * concurrency * batchRows);
});

test("the key tables of a killed run are dropped by the next, those of a living one are not", async () => {
  await fill(800);
  const killed = start(["--max-rps", "200"]);
  await untilConfirmed(archive.sql, 0);
  killed.child.kill("SIGKILL");
  await killed.end;
  const left = await keyTables();
  expect(left).toHaveLength(3);

  start(["--max-rps", "200"]); // and goes on living
  await untilConfirmed(archive.sql, await confirmedRows(archive.sql));
  const ofLiving = await keyTables();
  expect(ofLiving).toHaveLength(3);
  expect(ofLiving.filter((name) => left.includes(name))).toEqual([]);

  const other = await runApp(archive, [...command, "--start-date", "2031-01-01"]);
  expect(other).toMatchObject({ code: 0 });
  expect(await keyTables()).toEqual(ofLiving);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends with exit code %i and a checkpoint behind everything that was written", async (signal, code) => {
  await fill(1000);
  const rows = await countRows(archive.sql);
  const app = start(["--max-rps", "1000"]);
  await untilConfirmed(archive.sql, 200);
  app.child.kill(signal);

  const end = await app.end;

  expect(end).toMatchObject({ code, signal: null });
  expect(end.stderr).toMatch(/stopping/i);
  const { status, totals, runId } = JSON.parse(end.stdout) as Record<string, unknown>;
  expect({ status, totals }).toMatchObject({ status: "interrupted", totals: { source: rows } });
  const { rows: runs } = await archive.sql.query("SELECT status FROM log_archive.runs WHERE id = $1", [runId]);
  expect(runs).toEqual([{ status: "interrupted" }]);
  const confirmed = await confirmedRows(archive.sql);
  expect(confirmed).toBeLessThan(rows);
  expect(await writes(archive)).toBe(confirmed);
  expect(await keyTables()).toEqual([]);

  expect(await runApp(archive, command)).toMatchObject({ code: 0 });
  await expectWholeArchive();
  expect(await writes(archive)).toBe(rows);
});

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import type { RestoreReport } from "../../../src/workflow-logs/restore/report.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import { runApp, startApp } from "../../support/app-process.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { deleteLogs, dumpLogs, intoTwoMonths, restoreOnce, tenantsOf } from "./restore-archive.ts";

const full = process.env["TEST_FULL"] === "1";
const tables = ["workflow_runs", "workflow_app_logs", "workflow_node_executions"];

let archive: TestArchive;
let tenant: string;
let all: Awaited<ReturnType<typeof dumpLogs>>;
let rows: number;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 250, tenants: 1, months: 1, firstMonth: "2025-09" });
  await intoTwoMonths(archive.sql);
  tenant = (await tenantsOf(archive.sql))[0]!;
  all = await dumpLogs(archive.sql);
  rows = tables.reduce((sum, table) => sum + Object.keys(all[table]!).length, 0);
  await migrateOnce(archive);
});
afterAll(() => archive.drop());
afterEach(async () => {
  await archive.sql.query("TRUNCATE log_archive.restores, log_archive.purged_rows");
});

/** Restores in batches of 20 until `stopAt` documents are confirmed; says how many were. */
async function restoreUntil(stopAt: number): Promise<{ report: RestoreReport; confirmed: number }> {
  const stop = new AbortController();
  let confirmed = 0;
  const report = await restoreOnce(archive, tenant, {
    batchRows: 20,
    signal: stop.signal,
    progress: {
      ...noProgress,
      advanced: (_, documents) => {
        confirmed += documents;
        if (confirmed >= stopAt) stop.abort();
      },
    },
  });
  return { report, confirmed };
}

async function there(table: string): Promise<number> {
  const result = await archive.sql.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
  return result.rows[0]!.rows;
}

function restored({ byTable }: RestoreReport): number {
  return tables.reduce((sum, table) => sum + byTable[table]!.restored, 0);
}

test.each(Array.from({ length: full ? 25 : 2 }, (_, seed) => seed))(
  "stopped at a random batch it goes on there, parents are there before what belongs to them (seed %i)",
  async (seed) => {
    const prng = createPrng(`restore/${seed}`);
    await deleteLogs(archive.sql, "true");
    let confirmed = 0;
    for (let stop = 0; stop < 2; stop++) {
      const part = await restoreUntil(prng.integer(1, Math.floor(rows / 3)));
      confirmed += part.confirmed;
      expect(part.report.status).toBe("interrupted");
      expect(restored(part.report)).toBe(confirmed);
      const counts: number[] = [];
      for (const table of tables) counts.push(await there(table));
      expect(counts.reduce((sum, count) => sum + count)).toBe(confirmed);
      const whole = tables.map((table) => Object.keys(all[table]!).length);
      const begun = counts.findLastIndex((count) => count > 0);
      expect(counts.slice(0, begun)).toEqual(whole.slice(0, begun));
    }

    const last = await restoreUntil(Number.POSITIVE_INFINITY);

    expect(last.report.status).toBe("completed");
    expect(confirmed + last.confirmed).toBe(rows); // none was read twice
    expect(restored(last.report)).toBe(rows);
    expect(last.report.partitions).toEqual({ total: 6, done: 6, remaining: 0 });
    expect(await dumpLogs(archive.sql)).toEqual(all);
  },
);

test("what another run did with the partition, or a purge, or a day ends the progress: everything is looked at again", async () => {
  for (const between of [
    () => migrateOnce(archive, { restart: true }), // one with nothing new does nothing with it
    () => archive.sql.query("UPDATE log_archive.restores SET updated_at = now() - interval '25 hours'"),
    () => archive.sql.query("UPDATE log_archive.restores SET index_uuid = 'another'"),
  ]) {
    await deleteLogs(archive.sql, "true");
    await restoreUntil(Math.floor(rows / 2));
    await between();
    await deleteLogs(archive.sql, "true");
    const { report } = await restoreUntil(Number.POSITIVE_INFINITY);
    expect(restored(report)).toBe(rows);
    expect(await dumpLogs(archive.sql)).toEqual(all);
  }
});

test("a run that took the partition over ends the restore before it writes another batch", async () => {
  await deleteLogs(archive.sql, "true");
  let taken: Promise<unknown> | undefined;
  const restore = restoreOnce(archive, tenant, {
    batchRows: 5,
    dataTypes: ["node_executions"],
    progress: {
      ...noProgress,
      advanced: () => void (taken ??= archive.sql.query("UPDATE log_archive.partitions SET run_id = NULL")),
    },
  });
  await expect(restore).rejects.toMatchObject({ code: "partition_taken_over" });
  await taken;
  expect(await there("workflow_node_executions")).toBeLessThan(Object.keys(all["workflow_node_executions"]!).length);
});

test("when it has ended, the next one looks at everything again", async () => {
  await deleteLogs(archive.sql, "true");
  await restoreUntil(Number.POSITIVE_INFINITY);
  await deleteLogs(archive.sql, "id::text < '8'");
  await restoreUntil(Number.POSITIVE_INFINITY);
  expect(await dumpLogs(archive.sql)).toEqual(all);
});

/** A restore as a process that has come to the node executions and waits for a lock of this connection there. */
async function restoreHeldAtNodes() {
  await deleteLogs(archive.sql, "true");
  await archive.sql.query("BEGIN; LOCK TABLE workflow_node_executions IN SHARE MODE");
  const app = startApp(archive, ["elasticsearch", "restore", "--json", "--tenant-id", tenant]);
  const waiting =
    "SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'workflow_node_executions' AND NOT l.granted";
  while ((await archive.sql.query(waiting)).rowCount === 0 && app.child.exitCode === null) await sleep(20);
  return app;
}

test("killed, the same command goes on and reports the whole", async () => {
  const app = await restoreHeldAtNodes();
  app.child.kill("SIGKILL");
  expect(await app.end).toMatchObject({ signal: "SIGKILL" });
  await archive.sql.query("COMMIT");
  expect(await there("workflow_runs")).toBe(Object.keys(all["workflow_runs"]!).length);
  expect(await there("workflow_node_executions")).toBe(0);

  const end = await runApp(archive, ["elasticsearch", "restore", "--json", "--tenant-id", tenant]);

  expect(end).toMatchObject({ code: 0 });
  const { byTable } = JSON.parse(end.stdout) as RestoreReport;
  for (const table of tables) {
    const documents = Object.keys(all[table]!).length;
    expect(byTable[table]).toEqual({
      documents,
      restored: documents,
      present: 0,
      different: 0,
      deleted: 0,
      refused: 0,
    });
  }
  expect(await dumpLogs(archive.sql)).toEqual(all);
});

test("SIGINT finishes what is in flight, says where it is and ends with 130", async () => {
  const app = await restoreHeldAtNodes();
  app.child.kill("SIGINT");
  await sleep(200);
  await archive.sql.query("COMMIT");

  const end = await app.end;

  expect(end).toMatchObject({ code: 130, signal: null });
  const report = JSON.parse(end.stdout) as RestoreReport;
  expect(report).toMatchObject({ command: "elasticsearch restore", status: "interrupted", tenantId: tenant });
  expect(report.byTable["workflow_node_executions"]!.restored).toBe(await there("workflow_node_executions"));
  expect(await runApp(archive, ["elasticsearch", "restore", "--tenant-id", tenant])).toMatchObject({ code: 0 });
  expect(await dumpLogs(archive.sql)).toEqual(all);
});

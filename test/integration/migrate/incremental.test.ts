import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compareStores } from "../../support/compare-stores.ts";
import {
  copiedRows,
  countRows,
  createTestArchive,
  documentsByIndex,
  insertRows,
  migrateOnce,
  type NewRows,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

const tables = ["workflow_runs", "workflow_app_logs", "workflow_node_executions"];

/** Every run says what it cannot promise; once capture is installed there is nothing to be said. */
const withoutCapture = expect.stringContaining("app elasticsearch capture install");

let archive: TestArchive;
/** One migrate is through; some of its rows are of runs that had not ended. */
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 1, months: 1, seed: 7 });
  await archive.sql.query(
    "UPDATE workflow_node_executions SET status = 'running', finished_at = NULL WHERE id IN (SELECT id FROM workflow_node_executions ORDER BY id LIMIT 20)",
  );
  await migrateOnce(archive);
});
afterEach(() => archive.drop());

async function expectEqualStores(): Promise<void> {
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
}

/** Migrates again and returns how many documents that wrote. */
async function writesOfAnotherRun(options?: Parameters<typeof migrateOnce>[1]): Promise<number> {
  const before = await writes(archive);
  await migrateOnce(archive, options);
  return (await writes(archive)) - before;
}

test("a second run with nothing new writes nothing", async () => {
  const rows = await countRows(archive.sql);
  const before = await writes(archive);
  expect(before).toBe(rows);

  const report = await migrateOnce(archive);

  expect(report).toMatchObject({
    status: "completed",
    totals: { source: rows, migrated: 0, skipped: rows, failed: 0 },
    warnings: [withoutCapture],
  });
  expect(await writes(archive)).toBe(before);
  await expectEqualStores();
});

test("rows inserted after a run are copied by the next, also into a new month and for a new tenant", async () => {
  let inserted = 0;
  for (const table of tables) {
    const latest = `(SELECT max(created_at) FROM ${table})`;
    const rows: Omit<NewRows, "table" | "like">[] = [
      { count: 5, createdAt: `${latest} + interval '1 second'` },
      { count: 3, createdAt: `${latest} + interval '70 days'` },
      { count: 2, createdAt: "'2025-09-10'", set: "tenant_id = '00000000-0000-4000-8000-00000000000a'" },
    ];
    for (const some of rows) inserted += (await insertRows(archive.sql, { table, like: "true", ...some })).length;
  }

  expect(await writesOfAnotherRun()).toBe(inserted);
  await expectEqualStores();
});

describe("rows that appear late, before the checkpoint of a finished partition,", () => {
  const cases: [string, string][] = [
    ["1 h 59 min", "created_at - interval '1 hour 59 minutes'"],
    ["two hours to the microsecond", "created_at - interval '2 hours'"],
    ["nothing but the id", "created_at"],
  ];
  test.each(cases)("are copied: %s before it", async (_, createdAt) => {
    await archive.sql.query("UPDATE log_archive.checkpoints SET id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'");
    let inserted = 0;
    for (const table of tables) {
      const last = `id = (SELECT id FROM ${table} ORDER BY created_at DESC, id DESC LIMIT 1)`;
      inserted += (await insertRows(archive.sql, { table, count: 4, like: last, createdAt })).length;
    }

    expect(await writesOfAnotherRun()).toBe(inserted);
    await expectEqualStores();
    expect(await writesOfAnotherRun()).toBe(0);
  });
});

test("rows that ended between two runs are written again, those that still run are not", async () => {
  const { rows } = await archive.sql.query<{ open: number }>("SELECT count(*)::int AS open FROM log_archive.open_rows");
  const open = rows[0]!.open;
  expect(open).toBeGreaterThanOrEqual(20);
  await archive.sql.query(
    `UPDATE workflow_node_executions SET status = 'succeeded', finished_at = created_at + interval '1 hour', outputs = '{"done": true}'
      WHERE id IN (SELECT id FROM workflow_node_executions WHERE status = 'running' ORDER BY id LIMIT 12)`,
  );

  expect(await writesOfAnotherRun({ batchRows: 3 })).toBe(12);
  await expectEqualStores();
  const { rows: left } = await archive.sql.query("SELECT 1 FROM log_archive.open_rows");
  expect(left).toHaveLength(open - 12);
  expect(await writesOfAnotherRun()).toBe(0);
});

test("a row that changes while it runs is written again each time, and only then", async () => {
  const change = (text: string) =>
    archive.sql.query(
      `UPDATE workflow_node_executions SET process_data = '${text}'
        WHERE id = (SELECT min(id::text)::uuid FROM workflow_node_executions WHERE status = 'running')`,
    );
  await change('{"step": 1}');
  expect(await writesOfAnotherRun()).toBe(1);
  await change('{"step": 2}');
  expect(await writesOfAnotherRun()).toBe(1);
  expect(await writesOfAnotherRun()).toBe(0);
  await expectEqualStores();
});

test("an offload row added to a row that still runs is copied with it", async () => {
  await archive.sql.query(
    `INSERT INTO workflow_node_execution_offload (tenant_id, app_id, node_execution_id, type, file_id)
     SELECT tenant_id, app_id, id, 'outputs', gen_random_uuid() FROM workflow_node_executions WHERE status = 'running' ORDER BY id LIMIT 1`,
  );
  expect(await writesOfAnotherRun()).toBe(1);
  await expectEqualStores();
});

test("open rows first copied more than 30 days ago are looked at once more and then forgotten", async () => {
  await archive.sql.query("UPDATE log_archive.open_rows SET first_copied_at = now() - interval '31 days'");
  await archive.sql.query("UPDATE workflow_node_executions SET title = 'ended at last' WHERE status = 'running'");
  expect(await writesOfAnotherRun()).toBeGreaterThanOrEqual(20);
  expect((await archive.sql.query("SELECT 1 FROM log_archive.open_rows")).rows).toEqual([]);
});

test("an index that was deleted is copied again, with a warning, and no other is touched", async () => {
  const [index, documents] = Object.entries(await documentsByIndex(archive)).find(([name]) => name.includes("node"))!;
  await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "DELETE" });

  const before = await writes(archive);
  const report = await migrateOnce(archive);

  expect((await writes(archive)) - before).toBe(documents);
  expect(report.totals).toMatchObject({ migrated: documents });
  expect(report.warnings).toEqual([withoutCapture, expect.stringContaining(/(\S{36})-\d{4}\.\d\d$/.exec(index)![1]!)]);
  await expectEqualStores();
});

test("an index that someone else made in the place of ours is left alone; when it is gone, its month is copied again", async () => {
  const [index, documents] = Object.entries(await documentsByIndex(archive)).find(([name]) => name.includes("run"))!;
  await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "DELETE" });
  await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "PUT" }); // from our template, but not with our mark
  const waiting = await migrateOnce(archive);
  expect(waiting).toMatchObject({ status: "completed_with_errors", waiting: [{ dataType: "workflow_runs" }] });
  expect(waiting.totals.migrated).toBe(0);

  await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "DELETE" });
  const report = await migrateOnce(archive);

  expect(report.totals.migrated).toBe(documents);
  expect(report.warnings).toHaveLength(2);
  await expectEqualStores();
});

test("--restart copies everything again", async () => {
  const rows = await countRows(archive.sql);
  expect(await writesOfAnotherRun({ restart: true })).toBe(rows);
  await expectEqualStores();
  expect(await writesOfAnotherRun()).toBe(0);
});

describe("in the report every row of the source is migrated, skipped or failed", () => {
  const table = "workflow_node_executions";
  const unaccounted = async (): Promise<number> => {
    const { totals } = await migrateOnce(archive);
    expect(totals.source).toBe(await countRows(archive.sql));
    return totals.source - totals.migrated - totals.skipped - totals.failed;
  };

  test("rows inserted behind the checkpoint", async () => {
    await insertRows(archive.sql, { table, count: 4, like: "true", createdAt: "created_at + interval '1 hour'" });
    expect(await unaccounted()).toBe(0);
  });

  test("rows that appear late", async () => {
    await insertRows(archive.sql, { table, count: 4, like: "true", createdAt: "created_at - interval '1 hour'" });
    expect(await unaccounted()).toBe(0);
  });

  test("rows that changed", async () => {
    await archive.sql.query(`UPDATE ${table} SET title = 'changed' WHERE status = 'running'`);
    expect(await unaccounted()).toBe(0);
  });
});

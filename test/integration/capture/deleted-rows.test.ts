import { afterAll, beforeAll, expect, test } from "vitest";
import { installOnce } from "../../support/capture.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { runAppHere } from "../../support/app-here.ts";
import { shown, validateOnce } from "../validate/validate-once.ts";

const nodes = "workflow_node_executions";
let archive: TestArchive;
let documents: number;

// One archive for all tests, which each leave it as the next expects it.
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 2 });
  await installOnce(archive);
  await migrateOnce(archive);
  ({ documents } = await compareStores(archive));
});
afterAll(() => archive.drop());

async function deleteSome(count: number): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `DELETE FROM ${nodes} WHERE id IN (SELECT id FROM ${nodes} ORDER BY id LIMIT ${count}) RETURNING id::text AS id`,
  );
  return rows.map(({ id }) => id);
}

const levels = [{ level: "full" }, { level: "sample", sampleSize: 10_000 }] as const;

async function expectKept(kept: number): Promise<void> {
  for (const call of levels)
    expect(await validateOnce(archive, call)).toMatchObject({
      status: "match",
      byDataType: {
        node_executions: { source: 60 - kept, target: 60, matched: 60 - kept, extra: 0, keptAfterDelete: kept },
      },
      countDifferences: [],
    });
}

test("documents of rows whose recorded deletion waits are not extra", async () => {
  await deleteSome(3);
  await expectKept(3);
  const text = await runAppHere(archive, ["elasticsearch", "validate", "--full"]);
  expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining("3 rows were deleted by the platform") });
});

test("nor are those that are kept after it was applied", async () => {
  await archive.sql.query(
    `WITH d AS (DELETE FROM log_archive.dirty_rows WHERE operation = 'D' RETURNING *)
     INSERT INTO log_archive.deleted_rows (data_type, record_id, tenant_id, month)
       SELECT data_type, record_id, tenant_id, to_char(old_created_at, 'YYYY-MM') FROM d`,
  );
  await expectKept(3);
});

test("one whose row went unrecorded is extra, and of these alone --delete-extra deletes", async () => {
  await archive.sql.query("SET log_archive.own_write = 'on'");
  const gone = await deleteSome(2);
  await archive.sql.query("SET log_archive.own_write = 'off'");
  await deleteSome(1);
  for (const call of levels) {
    const report = await validateOnce(archive, call);
    expect(shown(report)).toEqual(gone.map((id) => `extra node_executions ${id}`).toSorted());
    expect(report.byDataType.node_executions).toMatchObject({ extra: 2, keptAfterDelete: 4 });
  }
  await validateOnce(archive, { level: "full", deleteExtra: true, confirmDelete: async () => true });
  expect((await compareStores(archive)).documents).toBe(documents - 2);
});

test("a row that was deleted and inserted again is compared like any other", async () => {
  await archive.sql.query(`CREATE TEMP TABLE back AS SELECT * FROM ${nodes} ORDER BY id LIMIT 1`);
  await deleteSome(1);
  await archive.sql.query(`INSERT INTO ${nodes} SELECT * FROM back`);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({
    status: "match",
    byDataType: { node_executions: { source: 54, target: 58, keptAfterDelete: 4 } },
  });
  await archive.sql.query(`UPDATE ${nodes} SET title = 'other' WHERE id = (SELECT id FROM back)`);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({
    byDataType: { node_executions: { changed: 1, different: 0 } }, // its writes wait
  });
  await archive.sql.query("DELETE FROM log_archive.dirty_rows WHERE record_id = (SELECT id::text FROM back)");
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({
    status: "mismatch",
    byDataType: { node_executions: { different: 1 } },
  });
});

import { afterEach, expect, test } from "vitest";
import { compareStores } from "../../support/compare-stores.ts";
import {
  copiedRows,
  countRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

let archive: TestArchive;
afterEach(() => archive.drop());

test.each([
  ["the same order", "newest", "newest"],
  ["opposite orders", "newest", "oldest"],
] as const)("two migrates at once in %s copy every row once", async (_, first, second) => {
  archive = await createTestArchive({ nodeExecutions: 500, tenants: 2, months: 1, unarchivable: true });
  const rows = await countRows(archive.sql);

  const reports = await Promise.all([
    migrateOnce(archive, { order: first, batchRows: 20 }),
    migrateOnce(archive, { order: second, batchRows: 20 }),
  ]);

  expect(reports.map(({ status }) => status).toSorted()).toContain("completed_with_errors");
  expect(reports.reduce((sum, { totals }) => sum + totals.migrated, 0)).toBe(rows - 18);
  expect(reports.reduce((sum, { errors }) => sum + errors.total, 0)).toBe(18);
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await writes(archive)).toBe(rows - 18);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
  expect((await archive.sql.query("SELECT 1 FROM log_archive.key_tables")).rows).toEqual([]);
});

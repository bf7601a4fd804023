import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { documentOf, runId, saveRun, tenantId } from "../../support/race-archive.ts";
import {
  copiedRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({});
});
afterEach(() => archive.drop());

const scope = { dataTypes: ["workflow_runs"] as const };
const migrated = () => migrateOnce(archive, { scope });

async function expectEqualStores(): Promise<void> {
  expect((await compareStores(archive)).differences).toEqual([]);
}

async function deleteDocument(number: number): Promise<void> {
  const index = `${archive.prefix}-workflow-runs-${tenantId}-2025.08`;
  const answer = await fetch(`${archive.elasticsearchUrl}/${index}/_doc/${runId(number)}?refresh=true`, {
    method: "DELETE",
  });
  expect(answer.status).toBe(200);
}

describe("rows from the future", () => {
  const at = (interval: string): Promise<string> =>
    archive.sql
      .query<{ at: string }>("SELECT (clock_timestamp() AT TIME ZONE 'UTC' + $1::interval)::text AS at", [interval])
      .then(({ rows }) => rows[0]!.at);

  test("are copied, hold nothing up that comes before them, and no checkpoint lies in the future", async () => {
    await saveRun(archive, 1, await at("-10 minutes"), "now");
    await saveRun(archive, 2, await at("20 hours"), "ahead");
    await saveRun(archive, 3, await at("70 days"), "far ahead");
    expect(await migrated()).toMatchObject({ status: "completed", totals: { migrated: 3 } });
    await expectEqualStores();
    const { rows } = await archive.sql.query(
      "SELECT FROM log_archive.checkpoints WHERE created_at > clock_timestamp() AT TIME ZONE 'UTC'",
    );
    expect(rows).toEqual([]);

    await saveRun(archive, 4, await at("-1 second"), "later");
    expect(await migrated()).toMatchObject({ totals: { source: 4, migrated: 1, skipped: 3 } });
    await expectEqualStores();

    // what has no document, and what had not ended, is looked at each time; the rest is not written again
    await saveRun(archive, 5, await at("30 hours"), "ahead too");
    await archive.sql.query("UPDATE workflow_runs SET status = 'running' WHERE id = $1", [runId(5)]);
    expect(await migrated()).toMatchObject({ totals: { source: 5, migrated: 1, skipped: 4 } });
    await archive.sql.query("UPDATE workflow_runs SET status = 'succeeded' WHERE id = $1", [runId(5)]);
    const before = await writes(archive);
    expect(await migrated()).toMatchObject({ totals: { source: 5, migrated: 1, skipped: 4 } });
    expect(await migrated()).toMatchObject({ totals: { source: 5, migrated: 0, skipped: 5 } });
    expect((await writes(archive)) - before).toBe(1);
    await expectEqualStores();

    expect(await migrateOnce(archive, { scope, restart: true })).toMatchObject({ totals: { migrated: 5 } });
    await expectEqualStores();
  });

  test("that an earlier version of the program made a checkpoint of, too", async () => {
    await saveRun(archive, 1, await at("-3 days"), "now");
    await migrated();
    await archive.sql.query(
      "UPDATE log_archive.checkpoints SET created_at = clock_timestamp() AT TIME ZONE 'UTC' + interval '20 hours', id = $1",
      [runId(2)],
    );
    await saveRun(archive, 3, await at("-4 hours"), "later");
    await migrated();
    await expectEqualStores();
    expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
  });
});

describe("a month whose numbers do not add up", () => {
  beforeEach(async () => {
    for (const number of [1, 2, 3, 4]) await saveRun(archive, number, `2025-08-1${number} 10:00`, "old");
    await migrated();
  });

  test("because rows came with an old created_at is copied, and said", async () => {
    for (const number of [5, 6]) await saveRun(archive, number, "2025-08-02 10:00", "brought back");
    await saveRun(archive, 7, "2025-08-12 10:00", "brought back");
    const report = await migrated();
    expect(report).toMatchObject({
      status: "completed",
      totals: { migrated: 3 },
      shortfalls: [{ month: "2025-08", vanished: 0, lost: 0 }],
    });
    await expectEqualStores();
    expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
    expect(await migrated()).toMatchObject({ totals: { migrated: 0 }, shortfalls: [] });
  });

  test("because documents were deleted is a finding, and copied again", async () => {
    for (const number of [1, 3]) await deleteDocument(number);
    const end = await runAppHere(archive, ["elasticsearch", "migrate", "--data-type", "workflow_runs"]);
    expect(end.code).toBe(3);
    expect(end.stdout).toMatch(
      /2025-08: 2 documents that had been confirmed were gone\. 2 rows without a document were copied/,
    );
    expect(end.stdout).toMatch(/validate --full --repair/);
    expect(end.stdout).not.toMatch(/SUCCESS/);
    await expectEqualStores();
    expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
    expect(await migrated()).toMatchObject({ status: "completed", shortfalls: [] });
  });

  test("because a purged row's document was deleted is a finding each time", async () => {
    await cleanupOnce(archive, { tenantId });
    await deleteDocument(2);
    for (const vanished of [1, 0])
      expect(await migrated()).toMatchObject({
        status: "completed_with_errors",
        shortfalls: [{ month: "2025-08", vanished, copied: 0, lost: 1 }],
      });
    expect(await documentOf(archive, 1, "2025.08")).toBe("old");
  });
});

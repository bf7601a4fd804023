import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreOnce } from "../../integration/restore/restore-archive.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { deleteRun, documentOf, row, saveRun, tenantId, waitingNotes } from "../../support/race-archive.ts";
import { insertOffload, insertRun } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({});
  await saveRun(archive, 1, "2025-08-15 10:00", "old");
  await saveRun(archive, 2, "2025-08-16 10:00", "x");
  await installOnce(archive);
  await migrateOnce(archive);
});
afterEach(() => archive.drop());

test("a deletion by the platform is followed also when the id was once purged and saved again", async () => {
  await cleanupOnce(archive, { tenantId });
  await saveRun(archive, 1, "2025-08-15 10:00", "again");
  await deleteRun(archive, 1);

  const report = await applyOnce(archive, { untilEmpty: true, followDeletes: true });
  expect(report.totals).toMatchObject({ deleted: 1, dropped: {} });
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  expect(await documentOf(archive, 2, "2025.08")).toBe("x");
  await restoreOnce(archive, tenantId);
  expect(await row(archive, 1)).toBeUndefined();
  expect(await row(archive, 2)).toBe("x");
});

test("such a deletion that is not followed keeps the document, as one deleted by the platform and not as one purged", async () => {
  await cleanupOnce(archive, { tenantId });
  await saveRun(archive, 1, "2025-08-15 10:00", "again");
  await deleteRun(archive, 1);
  expect((await applyOnce(archive, { untilEmpty: true })).totals).toMatchObject({ kept: 1 });
  expect(await documentOf(archive, 1, "2025.08")).toBe("old");
  expect((await restoreOnce(archive, tenantId)).byTable["workflow_runs"]).toMatchObject({ restored: 1, deleted: 1 });

  expect((await applyOnce(archive, { untilEmpty: true, followDeletes: true })).totals).toMatchObject({ deleted: 1 });
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
});

test("a row that is purged after its document was kept for a deletion is purged, not deleted", async () => {
  await deleteRun(archive, 1);
  await applyOnce(archive, { untilEmpty: true }); // kept
  await archive.sql.query("ALTER TABLE workflow_runs DISABLE TRIGGER USER");
  await saveRun(archive, 1, "2025-08-15 10:00", "old"); // comes back, and nothing notes it
  await cleanupOnce(archive, { tenantId });
  await applyOnce(archive, { untilEmpty: true, followDeletes: true });
  expect(await documentOf(archive, 1, "2025.08")).toBe("old");
});

test.for(["waits", "was applied"])(
  "restore leaves out a row that the platform deleted, while the note %s, and counts it",
  async (when) => {
    await deleteRun(archive, 1);
    if (when === "was applied") await applyOnce(archive, { untilEmpty: true });

    const dryRun = await restoreOnce(archive, tenantId, { dryRun: true });
    expect(dryRun.byTable["workflow_runs"]).toMatchObject({ documents: 2, restored: 0, present: 1, deleted: 1 });
    const report = await restoreOnce(archive, tenantId);
    expect(report).toMatchObject({ status: "completed", findings: [] });
    expect(report.byTable["workflow_runs"]).toMatchObject({ documents: 2, restored: 0, present: 1, deleted: 1 });
    expect(await row(archive, 1)).toBeUndefined();

    await applyOnce(archive, { untilEmpty: true, followDeletes: true });
    expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  },
);

test.for(["waits", "was applied"])(
  "restore brings such a row back when it is asked for, and it stays, while the note %s",
  async (when) => {
    await deleteRun(archive, 1);
    if (when === "was applied") await applyOnce(archive, { untilEmpty: true });

    const report = await restoreOnce(archive, tenantId, { includeDeleted: true });
    expect(report.byTable["workflow_runs"]).toMatchObject({ restored: 1, present: 1, deleted: 0 });
    expect(await row(archive, 1)).toBe("old");
    await applyOnce(archive, { untilEmpty: true, followDeletes: true });
    expect(await waitingNotes(archive)).toBe(0);
    expect(await documentOf(archive, 1, "2025.08")).toBe("old");
  },
);

test("an offload row that the platform deleted does not come back while the note of its node execution waits", async () => {
  const { nodeIds } = await insertRun(archive.sql, { tenantId });
  const [gone, left] = await Promise.all(
    ["inputs", "outputs"].map((type) => insertOffload(archive.sql, tenantId, nodeIds[0]!, type)),
  );
  await applyOnce(archive, { untilEmpty: true });
  await archive.sql.query("DELETE FROM workflow_node_execution_offload WHERE id = $1", [gone]);

  const expected = { documents: 2, restored: 0, present: 1, deleted: 1 };
  for (const dryRun of [true, false]) {
    const report = await restoreOnce(archive, tenantId, { dryRun });
    expect(report).toMatchObject({ findings: [] });
    expect(report.byTable["workflow_node_execution_offload"]).toMatchObject(expected);
  }
  const { rows } = await archive.sql.query("SELECT id::text AS id FROM workflow_node_execution_offload");
  expect(rows).toEqual([{ id: left }]);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { restoreOnce } from "../../integration/restore/restore-archive.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce, keptRows } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { changeRun, documentOf, holdMonth, row, saveRun, tenantId, waitingNotes } from "../../support/race-archive.ts";
import { type RequestGate, startRequestGate } from "../../support/request-gate.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { compactDirty } from "../../../src/workflow-logs/state/dirty/dirty-rows.ts";

let archive: TestArchive;
let gate: RequestGate;
beforeEach(async () => {
  archive = await createTestArchive({});
  gate = await startRequestGate(archive.elasticsearchUrl);
});
afterEach(async () => {
  gate.release();
  await gate.close();
  await archive.drop();
});

const gated = (): TestArchive => ({ ...archive, elasticsearchUrl: gate.url });

async function archived(): Promise<void> {
  await saveRun(archive, 1, "2025-08-15 10:00", "old");
  await saveRun(archive, 2, "2025-08-16 10:00", "x");
  await saveRun(archive, 3, "2025-09-16 10:00", "x");
  await installOnce(archive);
  await migrateOnce(archive);
}

test("a row whose note waits for the month it left is not purged, and its old document goes before it", async () => {
  await archived();
  const holder = await holdMonth(archive, "2025-08");
  await changeRun(archive, 1, "NEWER", "2025-09-10 10:00");
  await applyOnce(archive);
  await holder.end();

  expect(keptRows(await cleanupOnce(archive, { tenantId }))).toEqual({ dirty: 1 });
  await applyOnce(archive, { untilEmpty: true });
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  expect(await documentOf(archive, 1, "2025.09")).toBe("NEWER");

  expect(keptRows(await cleanupOnce(archive, { tenantId }))).toEqual({});
  await restoreOnce(archive, tenantId);
  expect(await row(archive, 1)).toBe("NEWER");
  expect((await compareStores(archive)).differences).toEqual([]);
});

test("a document that an earlier version of the program left behind goes when the note of the move is applied", async () => {
  await archived();
  const holder = await holdMonth(archive, "2025-08");
  await changeRun(archive, 1, "NEWER", "2025-09-10 10:00");
  await applyOnce(archive);
  await holder.end();
  // purged past its note
  await archive.sql.query("CREATE TEMP TABLE notes AS SELECT * FROM log_archive.dirty_rows");
  await archive.sql.query("DELETE FROM log_archive.dirty_rows");
  await cleanupOnce(archive, { tenantId });
  await archive.sql.query("INSERT INTO log_archive.dirty_rows SELECT * FROM notes");

  await applyOnce(archive, { untilEmpty: true });
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  await restoreOnce(archive, tenantId);
  expect(await row(archive, 1)).toBe("NEWER");
});

test("an id that was purged and comes again in another month has one document, that of its row", async () => {
  await archived();
  await cleanupOnce(archive, { tenantId });
  await saveRun(archive, 1, "2025-09-15 10:00", "NEWER");
  await applyOnce(archive, { untilEmpty: true });
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  expect(await documentOf(archive, 1, "2025.09")).toBe("NEWER");

  await cleanupOnce(archive, { tenantId });
  await restoreOnce(archive, tenantId);
  expect(await row(archive, 1)).toBe("NEWER");
});

test("a row that moves after a batch was planned is not written into the month it has left", async () => {
  for (const month of [5, 6, 7, 8]) await saveRun(archive, month, `2025-0${month}-15 10:00`, "old");
  await saveRun(archive, 9, "2025-09-15 10:00", "x");
  await installOnce(archive);
  await migrateOnce(archive);
  for (const month of [5, 6, 7, 8]) await changeRun(archive, month, "ONE");

  const held = gate.hold(/_bulk/);
  const slow = applyOnce(gated()); // has planned all four, and waits with three of them
  await held;
  await changeRun(archive, 8, "MOVED", "2025-09-10 10:00");
  await applyOnce(archive);
  expect(await documentOf(archive, 8, "2025.08")).toBeUndefined();
  gate.release();
  await slow;

  await applyOnce(archive, { untilEmpty: true });
  expect(await waitingNotes(archive)).toBe(0);
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match" });
});

test("a compaction that takes the newest note of a record that is being applied does not leave its old document behind", async () => {
  await archived();
  await changeRun(archive, 1, "ONE", "2025-09-10 10:00"); // the note that knows of August
  await changeRun(archive, 1, "TWO");

  const held = gate.hold(/_bulk/);
  const slow = applyOnce(gated()); // has read both notes, and is to remove the document in August
  await held;
  await changeRun(archive, 1, "THREE");
  await withTestConnections(archive, {}, ({ state }) => compactDirty(state));
  expect(await waitingNotes(archive)).toBe(2); // that of August, and the newest
  gate.release();
  await slow;

  await applyOnce(archive, { untilEmpty: true });
  expect(await waitingNotes(archive)).toBe(0);
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  expect(await documentOf(archive, 1, "2025.09")).toBe("THREE");
});

test("a note stays while its row is read nowhere: it moved without a note before it could be written", async () => {
  for (const month of [5, 6, 7, 8]) await saveRun(archive, month, `2025-0${month}-15 10:00`, "old");
  await installOnce(archive);
  await migrateOnce(archive);
  for (const month of [5, 6, 7, 8]) await changeRun(archive, month, "ONE");
  const held = gate.hold(/_bulk/);
  const slow = applyOnce(gated());
  await held;
  await archive.sql.query("SET session_replication_role = replica");
  await archive.sql.query("ALTER TABLE workflow_runs DISABLE TRIGGER USER");
  await changeRun(archive, 8, "MOVED", "2025-09-10 10:00");
  await archive.sql.query("ALTER TABLE workflow_runs ENABLE ALWAYS TRIGGER log_archive_update");
  gate.release();
  await slow;

  await applyOnce(archive, { untilEmpty: true });
  expect(await documentOf(archive, 8, "2025.09")).toBe("MOVED");
  expect(await documentOf(archive, 8, "2025.08")).toBeUndefined();
});

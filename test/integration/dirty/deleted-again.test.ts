import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deletionTimes } from "../../../src/workflow-logs/state/dirty/deleted-rows.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({});
});
afterAll(() => archive?.drop());

test("a row whose document is kept, and that is saved and deleted again before that is applied, was deleted the last time", async () => {
  const { sql } = archive;
  const { runId } = await insertRun(sql, { tenantId: randomUUID() });
  await installOnce(archive);
  await migrateOnce(archive);
  const timeOf = () =>
    withTestConnections(archive, {}, async ({ state }) =>
      (await deletionTimes(state, "workflow_runs", [runId])).get(runId),
    );
  await sql.query("CREATE TABLE saved AS SELECT * FROM workflow_runs WHERE id = $1", [runId]);
  await sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
  await applyOnce(archive);
  const first = await timeOf();

  await sql.query("INSERT INTO workflow_runs SELECT * FROM saved");
  await sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
  const noted = await timeOf();
  await applyOnce(archive);

  expect(new Date(noted!).getTime()).toBeGreaterThan(new Date(first!).getTime());
  expect(await timeOf()).toBe(noted);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreOnce } from "../restore/restore-archive.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { deleteRun, documentOf, row, runId, saveRun, tenantId } from "../../support/race-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { validateText } from "../../../src/cli/commands/elasticsearch/validate-text.ts";
import { documentsOf } from "./documents.ts";
import { shown, validateOnce } from "./validate-once.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({});
  await saveRun(archive, 2, "2025-08-16 10:00", "x");
  await saveRun(archive, 3, "2025-09-16 10:00", "x");
});
afterEach(() => archive.drop());

const otherTenant = "33333333-3333-4333-8333-333333333333";
const full = { level: "full", scope: { dataTypes: ["workflow_runs"] } } as const;
const deleting = { ...full, deleteExtra: true, confirmDelete: async () => true };

/**
 * A document of run 1 that says `old`, as a race of an earlier version of the program left it in a month that its row
 * is not in.
 */
async function plant(tenant: string, month: string): Promise<void> {
  const documents = documentsOf(archive);
  const newer = await documents.source(documents.indexOf("workflow_runs", tenantId, "2025.09"), runId(1));
  await documents.put(
    documents.indexOf("workflow_runs", tenant, month),
    runId(1),
    newer.replace("NEWER", "old").replaceAll("2025-09-10", "2025-08-10"),
  );
}

test.each([
  ["in another month", tenantId],
  ["in another tenant's index", otherTenant],
])(
  "a second document of a row, %s, is named, stays with --repair and goes with --delete-extra",
  async (_where, tenant) => {
    await saveRun(archive, 1, "2025-09-10 10:00", "NEWER");
    if (tenant === otherTenant)
      await archive.sql.query("UPDATE workflow_runs SET tenant_id = $1 WHERE id = $2", [otherTenant, runId(2)]);
    await migrateOnce(archive);
    expect((await validateOnce(archive, full)).status).toBe("match");
    await plant(tenant, "2025.08");

    const found = await validateOnce(archive, full);
    expect(found.status).toBe("mismatch");
    expect(found.byDataType.workflow_runs).toMatchObject({ doubled: 1, extra: 0 });
    expect(shown(found)).toEqual([`doubled workflow_runs ${runId(1)}`]);
    expect(found.differences[0]!.reason).toMatch(`workflow_runs/${tenantId}/2025-09`);
    expect(validateText(found, true)).toMatch(/1 documents are second ones of their id[^]*--delete-extra/);

    expect(await validateOnce(archive, { ...full, repair: true })).toMatchObject({ status: "mismatch", deleted: 0 });
    const mended = await validateOnce(archive, deleting);
    expect(mended).toMatchObject({ status: "match", deleted: 1 });
    expect(await documentOf(archive, 1, "2025.09")).toBe("NEWER");
    expect(await validateOnce(archive, full)).toMatchObject({ status: "match", partitions: { verified: 2 } });
  },
);

test("a second document of a purged row goes, and the one that was purged stays, though its month's rows are in the archive alone", async () => {
  await saveRun(archive, 1, "2025-09-10 10:00", "NEWER");
  await migrateOnce(archive);
  await cleanupOnce(archive, { tenantId });
  await plant(tenantId, "2025.08");

  expect(shown(await validateOnce(archive, full))).toEqual([`doubled workflow_runs ${runId(1)}`]);
  expect(await validateOnce(archive, deleting)).toMatchObject({ status: "match", deleted: 1 });
  await restoreOnce(archive, tenantId);
  expect(await row(archive, 1)).toBe("NEWER");
  expect(await row(archive, 2)).toBe("x");
});

test("a second document of a deleted row goes, and the one that is kept stays", async () => {
  await saveRun(archive, 1, "2025-09-10 10:00", "NEWER");
  await installOnce(archive);
  await migrateOnce(archive);
  await deleteRun(archive, 1);
  await applyOnce(archive);
  await plant(tenantId, "2025.08");

  expect(shown(await validateOnce(archive, full))).toEqual([`doubled workflow_runs ${runId(1)}`]);
  expect(await validateOnce(archive, deleting)).toMatchObject({ deleted: 1 });
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
  expect(await documentOf(archive, 1, "2025.09")).toBe("NEWER");
});

test("of two documents of which nothing says which counts both are extra, and --repair deletes neither", async () => {
  await saveRun(archive, 1, "2025-09-10 10:00", "NEWER");
  await migrateOnce(archive);
  await plant(tenantId, "2025.08");
  await deleteRun(archive, 1);

  const found = await validateOnce(archive, { ...full, repair: true });
  expect(found).toMatchObject({ status: "mismatch", deleted: 0 });
  expect(shown(found)).toEqual([`extra workflow_runs ${runId(1)}`, `extra workflow_runs ${runId(1)}`]);
  expect(await documentOf(archive, 1, "2025.08")).toBe("old");
  expect(await documentOf(archive, 1, "2025.09")).toBe("NEWER");
});

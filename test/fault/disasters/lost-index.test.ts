import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StatusReport } from "../../../src/workflow-logs/status.ts";
import { tenantsOf } from "../../integration/restore/restore-archive.ts";
import { shown, validateOnce } from "../../integration/validate/validate-once.ts";
import { runAppHere } from "../../support/app-here.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { request } from "../../support/retention-archive.ts";
import { createSnapshotRepository } from "../../support/snapshot-repository.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let tenantId: string;
let index: string;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "disaster-"));
  archive = await createTestArchive({ nodeExecutions: 80, tenants: 1, months: 1 });
  await migrateOnce(archive);
  [tenantId] = (await tenantsOf(archive.sql)) as [string];
  const { rows } = await archive.sql.query<{ name: string }>(
    "SELECT index_name AS name FROM log_archive.partitions WHERE data_type = 'node_executions'",
  );
  index = rows[0]!.name;
});
afterEach(async () => {
  await archive.drop();
  await rm(folder, { recursive: true });
});

async function app(...args: string[]) {
  const { code, stdout, stderr } = await runAppHere(archive, ["elasticsearch", ...args]);
  return { code, text: `${stdout}\n${stderr}` };
}

async function status(): Promise<{ code: number | null; report: StatusReport }> {
  const { code, stdout } = await runAppHere(archive, ["elasticsearch", "status", "--json"]);
  return { code, report: JSON.parse(stdout) as StatusReport };
}

async function purgedNodes(): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    "SELECT record_id AS id FROM log_archive.purged_rows WHERE data_type = 'node_executions' ORDER BY 1",
  );
  return rows.map(({ id }) => id);
}

/** A node execution that has not ended is not purged. */
async function keepOneRow(): Promise<void> {
  await archive.sql.query(
    `UPDATE workflow_node_executions SET status = 'running' WHERE id = (SELECT min(id::text)::uuid FROM workflow_node_executions)`,
  );
  await migrateOnce(archive, { restart: true });
}

test.each([
  ["the only copy", 0],
  ["the only copy of most rows", 1],
])(
  "an index deleted that was %s: status, preflight and every run say it at once, before and after an empty one takes its place",
  async (_what, rowsLeft) => {
    if (rowsLeft > 0) await keepOneRow();
    await cleanupOnce(archive, { tenantId });
    const purged = await purgedNodes();
    expect(await status()).toMatchObject({ code: 0, report: { lostCopies: [] } });
    await request(archive, "DELETE", index);

    const gone = { dataType: "node_executions", what: "index_gone", purgedRows: purged.length, missing: purged.length };
    expect(await status()).toMatchObject({ code: 3, report: { lostCopies: [gone] } });
    expect((await app("status")).text).toMatch(
      /WARNING: The index of node_executions.* is gone, and was the only copy/,
    );
    const tenant = ["--tenant-id", tenantId];
    const commands: [number, ...string[]][] = [
      [0, "preflight"], // a migration would do no harm
      [3, "validate", ...tenant, "--full"],
      [3, "restore", ...tenant, "--dry-run"],
      [3, "evidence", ...tenant, "--output", folder],
    ];
    for (const [code, ...args] of commands) {
      const end = await app(...args);
      expect({ args, code: end.code }).toEqual({ args, code });
      expect(end.text).toMatch(/gone|no document any more|cannot be brought back/);
    }
    for (const args of [
      ["apply-dirty", "--until-empty"],
      ["retention", "sweep", "--retention-days", "36500", "--yes"],
      ["cleanup-pg", ...tenant, "--before-date", "2100-01-01", "--allow-unreplicated", "--yes"],
      ["migrate"],
    ])
      expect((await app(...args)).text).toMatch(/was the only copy of/);
    // rows that stay in PostgreSQL have an index again: the purged ones are as lost as before
    await validateOnce(archive, { level: "full", repair: true });
    const after = await status();
    expect(after.code).toBe(3);
    const missing = purged.length - rowsLeft;
    expect(after.report.lostCopies).toMatchObject([
      rowsLeft > 0 ? { ...gone, what: "documents_gone", missing } : { ...gone, missing },
    ]);
    const report = await validateOnce(archive, { level: "full" });
    expect(shown(report).filter((line) => line.startsWith("lost"))).toHaveLength(purged.length);
  },
);

test("an index restored from an older snapshot: documents that came later are named as lost, those that changed as altered, rows still there are copied again", async () => {
  const repository = await createSnapshotRepository(archive);
  try {
    const { rows } = await archive.sql.query<{ id: string }>(
      "SELECT id::text AS id FROM workflow_node_executions ORDER BY id",
    );
    const [later, changed] = [rows.slice(0, 3), rows.slice(3, 5)].map((some) => some.map(({ id }) => id));
    // the snapshot is from before three documents, and from before two were written anew
    for (const id of later!) await request(archive, "DELETE", `${index}/_doc/${id}?refresh=true`);
    await request(archive, "PUT", `_snapshot/${repository.name}/old?wait_for_completion=true`, { indices: index });
    await archive.sql.query("UPDATE workflow_node_executions SET title = title || '.' WHERE id = ANY($1)", [changed]);
    await validateOnce(archive, { level: "full", repair: true });
    await cleanupOnce(archive, { tenantId });
    const purged = new Set(await purgedNodes());
    expect([...later!, ...changed!].some((id) => purged.has(id))).toBe(true);

    await request(archive, "DELETE", index);
    await request(archive, "POST", `_snapshot/${repository.name}/old/_restore?wait_for_completion=true`, {
      indices: index,
    });
    expect((await status()).report.lostCopies).toMatchObject([{ what: "documents_gone", missing: later!.length }]);
    const report = await validateOnce(archive, { level: "full", repair: true });
    const expected = [
      ...later!.filter((id) => purged.has(id)).map((id) => `lost node_executions ${id}`),
      ...changed!.filter((id) => purged.has(id)).map((id) => `altered node_executions ${id}`),
    ];
    expect(shown(report)).toEqual(expected.toSorted());
    const deleting = await validateOnce(archive, { level: "full", deleteExtra: true, confirmDelete: async () => true });
    expect(shown(deleting)).toEqual(expected.toSorted());
    expect(deleting.deleted).toBe(0);
    expect((await status()).code).toBe(3);

    // with the documents back all is well again
    await archive.sql.query("DELETE FROM log_archive.purged_rows WHERE record_id = ANY($1)", [later]);
    expect((await status()).report.lostCopies).toMatchObject([{ what: "index_replaced", missing: 0 }]);
    await validateOnce(archive, { level: "full" });
    expect(await status()).toMatchObject({ code: 0, report: { lostCopies: [] } });
  } finally {
    await repository.drop();
  }
});

test("a snapshot restored for another installation is not taken for its own: nothing of it is read, changed or deleted, and evidence proves it", async () => {
  await cleanupOnce(archive, { tenantId });
  const other = await createTestArchive({ nodeExecutions: 0, tenants: 1, months: 1 });
  const repository = await createSnapshotRepository(archive);
  const renamed = index.replace(archive.prefix, other.prefix);
  const ofOther = async (...args: string[]) => {
    const { code, stdout } = await runAppHere(other, ["elasticsearch", ...args, "--json"]);
    return { code, report: JSON.parse(stdout) as StatusReport };
  };
  try {
    await request(archive, "PUT", `_snapshot/${repository.name}/one?wait_for_completion=true`, { indices: index });
    await request(archive, "POST", `_snapshot/${repository.name}/one/_restore?wait_for_completion=true`, {
      indices: index,
      rename_pattern: archive.prefix,
      rename_replacement: other.prefix,
    });
    const documents = async () => (await request(archive, "GET", `${renamed}/_count`)) as { count: number };
    const before = await documents();
    expect(before.count).toBeGreaterThan(0);
    expect((await ofOther("migrate")).code).toBe(0);
    const seen = await ofOther("status");
    expect(seen.report.indices).toEqual([]);
    expect(seen.report.notes.join()).toContain(renamed);
    await ofOther("validate", "--full", "--repair", "--delete-extra", "--yes");
    await ofOther("retention", "sweep", "--retention-days", "1", "--yes");
    expect(await documents()).toEqual(before);

    const taken = await runAppHere(archive, [
      "elasticsearch",
      "evidence",
      "--tenant-id",
      tenantId,
      "--output",
      folder,
      "--json",
    ]);
    const { files } = JSON.parse(taken.stdout) as { files: { file: string; index: string }[] };
    const { file } = files.find((one) => one.index === index)!;
    expect(await ofOther("evidence", "verify", file, "--index", renamed)).toMatchObject({
      code: 0,
      report: { status: "proven" },
    });
  } finally {
    await repository.drop();
    await other.drop();
  }
});

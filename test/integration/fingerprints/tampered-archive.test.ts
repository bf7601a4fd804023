import { afterEach, describe, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { dumpLogs, restoreOnce, tenantsOf } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";
import { storedDocuments, type Tampered, tamper } from "./tampering.ts";

const full = process.env["TEST_FULL"] === "1";
const places = full ? 1000 : 60;

let archive: TestArchive;
afterEach(() => archive.drop());

describe.each(full ? schemaVersions : (["1.16"] as const))("Dify %s", (schema) => {
  test(`what somebody did to documents of purged rows in ${places} random places is found, every one, and none is restored`, async () => {
    archive = await createTestArchive({ schema, nodeExecutions: full ? 4000 : 400, tenants: 1, months: 1 });
    await migrateOnce(archive);
    const before = await dumpLogs(archive.sql);
    const [tenantId] = await tenantsOf(archive.sql);
    const cleanup = await cleanupOnce(archive, { tenantId: tenantId! });
    const after = await dumpLogs(archive.sql);
    const gone = (await storedDocuments(archive)).filter(({ id }) => !Object.values(after).some((rows) => id in rows));
    expect(gone.length).toBe(deletedRows(cleanup) - cleanup.byTable["workflow_node_execution_offload"]!.deleted);
    expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match", differences: [] });

    const seed = process.env["TEST_SEED"] ?? String(Math.floor(Math.random() * 1e9));
    const tampered = await tamper(archive, gone, createPrng(seed), places);
    const report = await validateOnce(archive, { level: "full" });
    expect(report.status).toBe("mismatch");
    const found = await differences();
    const expected = new Set(tampered.map(({ kind, id }) => `${kind} ${id}`));
    const overlooked = [...expected].filter((one) => !found.has(one));
    expect(overlooked, `seed ${seed}: ${told(tampered, overlooked)}`).toEqual([]);
    expect([...found].filter((one) => !expected.has(one))).toEqual([]);

    await restoreOnce(archive, tenantId!);
    const back = await dumpLogs(archive.sql);
    const touched = new Set(tampered.map(({ id }) => id));
    for (const [table, rows] of Object.entries(before)) {
      const restored = Object.entries(back[table]!);
      for (const [id, line] of restored) expect(rows[id], `${table} ${id}`).toBe(line);
      if (table === "workflow_node_execution_offload") continue;
      expect(restored.filter(([id]) => touched.has(id))).toEqual([]);
      expect(restored.length).toBe(Object.keys(rows).filter((id) => !touched.has(id)).length);
    }
  });
});

async function differences(): Promise<Set<string>> {
  const { rows } = await archive.sql.query<{ what: string }>(
    "SELECT kind || ' ' || record_id AS what FROM log_archive.validation_differences WHERE kind <> 'changed'",
  );
  return new Set(rows.map(({ what }) => what));
}

function told(tampered: readonly Tampered[], some: Iterable<string>): string {
  const ids = new Set([...some].map((one) => one.split(" ")[1]));
  return tampered
    .filter(({ id }) => ids.has(id))
    .map(({ kind, id, what }) => `${kind} ${id} ${what}`)
    .join("; ");
}

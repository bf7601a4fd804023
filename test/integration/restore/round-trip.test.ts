import { afterEach, describe, expect, test } from "vitest";
import { schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";
import { archivable, deleteLogs, dumpLogs, restoreOnce, tenantsOf } from "./restore-archive.ts";

const full = process.env["TEST_FULL"] === "1";

let archive: TestArchive;
afterEach(() => archive.drop());

describe.each(schemaVersions)("Dify %s", (schema) => {
  test("hostile rows that were archived and deleted come back byte for byte, offload rows too", async () => {
    const nodeExecutions = schema === "1.16" ? (full ? 20_000 : 400) : 100;
    archive = await createTestArchive({ schema, nodeExecutions, hostile: true, hugeRows: full, months: 1 });
    const before = await dumpLogs(archive.sql);
    await migrateOnce(archive);
    const tenants = await tenantsOf(archive.sql);
    const deleted = await deleteLogs(archive.sql, archivable);
    expect(deleted).toBeGreaterThan(400);
    const written = await writes(archive);

    let restored = 0;
    for (const tenant of tenants) {
      const report = await restoreOnce(archive, tenant);
      expect(report).toMatchObject({ status: "completed", findings: [], notes: [], missing: [], lost: 0 });
      for (const [table, counts] of Object.entries(report.byTable)) {
        expect(counts).toMatchObject({ restored: counts.documents, present: 0, different: 0, refused: 0 });
        if (table !== "workflow_node_execution_offload") restored += counts.restored;
      }
    }

    expect(restored).toBe(deleted);
    expect(await dumpLogs(archive.sql)).toEqual(before);
    expect(await migrateOnce(archive)).toMatchObject({ status: "completed", totals: { migrated: 0, failed: 0 } });
    expect(await writes(archive)).toBe(written);
  });
});

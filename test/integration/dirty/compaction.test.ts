import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compactDirty, readDirty } from "../../../src/workflow-logs/state/dirty/dirty-rows.ts";
import type { StateDatabase } from "../../../src/workflow-logs/state/database.ts";
import { upgradeState } from "../../../src/workflow-logs/state/upgrade.ts";
import { dirtyRecords } from "../../../src/workflow-logs/dirty/plan/dirty-records.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const runs = process.env["TEST_FULL"] === "1" ? 1000 : 100;

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({});
});
afterAll(() => archive.drop());

const place = fc.record({
  tenant: fc.constantFrom("a", "b"),
  createdAt: fc.constantFrom("2025-09-01", "2025-09-30 23:00:00", "2025-10-01", "infinity"),
});
interface Entry {
  id: string;
  operation: "I" | "U" | "D" | "T";
  old: { tenant: string; createdAt: string };
}
const entry: fc.Arbitrary<Entry> = fc.record({
  id: fc.constantFrom("1", "2", "3"),
  operation: fc.constantFrom("I", "U", "D", "T"),
  old: place,
});

async function fill(entries: readonly Entry[]): Promise<void> {
  await archive.sql.query("TRUNCATE log_archive.dirty_rows");
  const hasOld = ({ operation }: Entry): boolean => operation === "U" || operation === "D";
  await archive.sql.query(
    `INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id, old_tenant_id, old_created_at)
     SELECT 'app_logs', * FROM unnest($1::text[], $2::"char"[], $3::text[], $4::text[], $5::timestamp[])`,
    [
      entries.map(({ id }) => id),
      entries.map(({ operation }) => operation),
      entries.map(() => "a"),
      entries.map((one) => (hasOld(one) ? one.old.tenant : null)),
      entries.map((one) => (hasOld(one) ? one.old.createdAt : null)),
    ],
  );
}

/**
 * What applying the registry comes to: records in their order, whether they were deleted, and where documents may lie.
 */
async function effect(state: StateDatabase) {
  const page = { dataType: "app_logs", tenantIds: [], after: "0", upTo: "9223372036854775807", limit: 1000 };
  const entries = await readDirty(state, { ...page, timeZone: "Asia/Shanghai" });
  const records = dirtyRecords(entries).map(({ id, isDeleted, places }) => ({
    id,
    isDeleted,
    places: places.map(({ tenantId, month }) => `${tenantId} ${month}`),
  }));
  return { entries: entries.length, records: records.toSorted((a, b) => a.id.localeCompare(b.id)) };
}

test("a compacted registry has the same effect as the whole one, and little more than an entry for each record", async () => {
  await withTestConnections(archive, {}, async ({ state }) => {
    await upgradeState(state);
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 25 }), fc.integer({ min: 1, max: 30 }), async (entries, atOnce) => {
        await fill(entries);
        const whole = await effect(state);

        const { removed } = await compactDirty(state, atOnce);

        const compacted = await effect(state);
        expect(compacted.records).toEqual(whole.records);
        expect(compacted.entries).toBe(whole.entries - removed);
        const distinctPlaces = 2 * 4;
        expect(compacted.entries).toBeLessThanOrEqual(whole.records.length * (2 + distinctPlaces));
        expect(await compactDirty(state, atOnce)).toEqual({ removed: 0, left: compacted.entries });
      }),
      { numRuns: runs },
    );
  });
});

test("the newest note of a record stays, whatever it says: an older one may be being applied", async () => {
  await withTestConnections(archive, {}, async ({ state }) => {
    await upgradeState(state);
    const old = { tenant: "a", createdAt: "2025-09-01" };
    for (const operations of ["UT", "IUT", "DT", "UTT", "TT", "UTUT"]) {
      await fill(Array.from(operations, (operation) => ({ id: "1", operation: operation as Entry["operation"], old })));
      await archive.sql.query("CREATE TEMP TABLE newest AS SELECT max(version) AS version FROM log_archive.dirty_rows");
      await compactDirty(state);
      const { rows } = await archive.sql.query(
        "SELECT operation::text FROM log_archive.dirty_rows JOIN newest USING (version)",
      );
      await archive.sql.query("DROP TABLE newest");
      expect([operations, rows]).toEqual([operations, [{ operation: operations.at(-1) }]]);
    }
  });
});

test("a record that only ever changed where it is leaves one entry", async () => {
  await withTestConnections(archive, {}, async ({ state }) => {
    await upgradeState(state);
    await fill(
      Array.from({ length: 200 }, (_, at) => ({
        id: String(at % 4),
        operation: at < 4 ? "I" : "U",
        old: { tenant: "a", createdAt: "2025-09-01" },
      })),
    );
    expect(await compactDirty(state)).toEqual({ removed: 196, left: 4 });
  });
});

test("an entry that another transaction is about to remove, or has not committed, is left alone and waited for by nobody", async () => {
  await withTestConnections(archive, {}, async ({ state }) => {
    await upgradeState(state);
    const old = { tenant: "a", createdAt: "2025-09-01" };
    await fill(Array.from({ length: 3 }, () => ({ id: "1", operation: "U", old })));
    await archive.sql.query("BEGIN");
    await archive.sql.query(
      "DELETE FROM log_archive.dirty_rows WHERE version = (SELECT min(version) FROM log_archive.dirty_rows)",
    );
    await archive.sql.query(
      "INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id) VALUES ('app_logs', '1', 'I', 'a')",
    );

    expect(await compactDirty(state)).toMatchObject({ removed: 1 });

    await archive.sql.query("COMMIT");
    expect((await effect(state)).entries).toBe(2);
  });
});

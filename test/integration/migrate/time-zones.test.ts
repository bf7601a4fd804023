import { afterEach, describe, expect, test } from "vitest";
import { archivedDocuments, rawSource } from "../../support/archived-documents.ts";
import { compareStores, type Stores } from "../../support/compare-stores.ts";
import { dropPrefix, uniquePrefix } from "../../support/database.ts";
import { runApp } from "../../support/app-process.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const full = process.env["TEST_FULL"] === "1";

let archive: TestArchive;
const prefixes: string[] = [];
afterEach(async () => {
  for (const prefix of prefixes.splice(0)) await dropPrefix(archive.elasticsearchUrl, prefix);
  await archive.drop();
});

/** Hostile rows of one table: the other two would only make more indices. */
async function nodeExecutionsOnly(): Promise<TestArchive> {
  const created = await createTestArchive({ nodeExecutions: 50, hostile: true, tenants: 1, months: 1 });
  await created.sql.query("TRUNCATE workflow_runs, workflow_app_logs");
  return created;
}

/** Each document by index and id, without what differs from run to run. */
async function documentsOf({ elasticsearchUrl, prefix }: Stores): Promise<Map<string, string>> {
  const documents = new Map<string, string>();
  for await (const page of archivedDocuments(elasticsearchUrl, prefix)) {
    for (const { index, id } of page) {
      const text = await rawSource(elasticsearchUrl, index, id);
      documents.set(`${index.slice(prefix.length)}/${id}`, text.replace(/"copied_at":"[^"]*"/, ""));
    }
  }
  return documents;
}

test("the host's time zone changes no byte of any document", async () => {
  archive = await nodeExecutionsOnly();
  const inZone = async (zone: string): Promise<Map<string, string>> => {
    const prefix = uniquePrefix();
    prefixes.push(prefix);
    const stores = { ...archive, prefix };
    await archive.sql.query("DROP SCHEMA IF EXISTS log_archive CASCADE"); // an archive keeps its prefix
    const end = await runApp(stores, ["elasticsearch", "migrate", "--json"], { TZ: zone });
    expect(end).toMatchObject({ code: 0 });
    expect((await compareStores(stores)).differences).toEqual([]);
    return documentsOf(stores);
  };

  const shanghai = await inZone("Asia/Shanghai");

  expect(shanghai.size).toBeGreaterThan(100);
  expect(await inZone("America/New_York")).toEqual(shanghai);
});

describe("SOURCE_TIME_ZONE", () => {
  test.each(full ? ["Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"] : ["Asia/Shanghai"])(
    "%s: rows lie in the month they have in UTC and keep their local text",
    async (sourceTimeZone) => {
      archive = await nodeExecutionsOnly();

      await migrateOnce(archive, { settings: { sourceTimeZone } });

      expect((await compareStores(archive, sourceTimeZone)).differences).toEqual([]);
      expect((await compareStores(archive, "UTC")).differences).not.toEqual([]);
    },
  );

  test("dates of the scope are UTC", async () => {
    archive = await createTestArchive({ tenants: 1, hostile: true });
    await migrateOnce(archive, {
      scope: { start: "2025-10-01 00:00:00.000000", end: "2025-11-01 00:00:00.000000" },
      settings: { sourceTimeZone: "Asia/Shanghai" },
    });

    const copied: string[] = [];
    for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix))
      copied.push(...page.map(({ id }) => id));
    const { rows } = await archive.sql.query<{ id: string }>(
      ["workflow_runs", "workflow_app_logs", "workflow_node_executions"]
        .map(
          (table) =>
            `SELECT id::text AS id FROM ${table} WHERE to_char(created_at - interval '8 hours', 'YYYY-MM') = '2025-10'`,
        )
        .join(" UNION ALL "),
    );
    expect(rows.length).toBeGreaterThan(3);
    expect(copied.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  });
});

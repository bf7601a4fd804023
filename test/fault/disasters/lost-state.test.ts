import { afterEach, beforeEach, expect, test } from "vitest";
import type { RebuildReport } from "../../../src/workflow-logs/rebuild/rebuild-state.ts";
import { dumpLogs, restoreOnce, tenantsOf } from "../../integration/restore/restore-archive.ts";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { runAppHere } from "../../support/app-here.ts";
import { archivedDocuments } from "../../support/archived-documents.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const nodes = "workflow_node_executions";
let archive: TestArchive;
let tenantId: string;
let rows: Record<string, Record<string, string>>;
let purged: number;

beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 80, tenants: 1, months: 1 });
  await migrateOnce(archive);
  [tenantId] = (await tenantsOf(archive.sql)) as [string];
  rows = await dumpLogs(archive.sql);
  await cleanupOnce(archive, { tenantId });
  const journal = await archive.sql.query<{ rows: number }>(
    "SELECT count(*)::int AS rows FROM log_archive.purged_rows",
  );
  purged = journal.rows[0]!.rows;
  expect(purged).toBeGreaterThan(0);
  await archive.sql.query("DROP SCHEMA log_archive CASCADE");
});
afterEach(() => archive.drop());

async function app(...args: string[]) {
  const { code, stdout } = await runAppHere(archive, [...args, "--json"]);
  return { code, report: JSON.parse(stdout) as object };
}

async function sources(): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix))
    for (const { index, id, source } of page) all[`${index} ${id}`] = JSON.stringify({ ...source, archive: null });
  return all;
}

const everyWord = ["--full", "--repair", "--delete-extra", "--yes"];

test("log_archive lost altogether: no command takes the indices for its own or deletes of them; rebuilt from them, everything is proven, and comes back", async () => {
  const before = await sources();
  for (const args of [
    ["migrate"],
    ["validate", ...everyWord],
    ["retention", "sweep", "--retention-days", "1", "--yes"],
  ])
    expect(await app("elasticsearch", ...args)).toMatchObject({
      code: 1,
      report: { error: { code: "archive_of_another" } },
    });

  expect((await app("db", "rebuild")).code).toBe(2); // nobody said yes
  const { code, report } = await app("db", "rebuild", "--yes");
  expect({ code, report }).toMatchObject({ code: 0, report: { status: "completed", left: [] } });
  const { partitions, cannotKnow } = report as RebuildReport;
  expect(partitions.reduce((sum, one) => sum + one.purged, 0)).toBe(purged);
  expect(partitions.reduce((sum, one) => sum + one.documents, 0)).toBe(Object.keys(before).length);
  expect(cannotKnow.length).toBeGreaterThan(4);
  expect(await app("db", "rebuild", "--yes")).toMatchObject({ code: 2, report: { error: { code: "state_present" } } });
  expect((await app("elasticsearch", "status")).code).toBe(0);

  expect((await app("elasticsearch", "migrate")).code).toBe(0);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match" });
  expect((await app("elasticsearch", "validate", ...everyWord)).code).toBe(0);
  expect(await sources()).toEqual(before);
  expect(await restoreOnce(archive, tenantId)).toMatchObject({ status: "completed", lost: 0 });
  expect(await dumpLogs(archive.sql)).toEqual(rows);
});

test("PostgreSQL came back older and without log_archive: its rows replace no documents, unless they are said to be current", async () => {
  const { rows: some } = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM workflow_runs ORDER BY id LIMIT 2`,
  );
  expect(some.length).toBe(2);
  const before = await sources();
  await archive.sql.query("UPDATE workflow_runs SET error = 'as it was before' WHERE id = ANY($1)", [
    some.map(({ id }) => id),
  ]);
  expect((await app("db", "rebuild", "--yes")).code).toBe(0);
  expect((await app("elasticsearch", "migrate")).code).toBe(0);
  await app("elasticsearch", "validate", ...everyWord);
  expect(await sources()).toEqual(before);
  expect((await validateOnce(archive, { level: "full" })).byDataType.workflow_runs).toMatchObject({ different: 2 });

  await archive.sql.query("DROP SCHEMA log_archive CASCADE");
  expect((await app("db", "rebuild", "--postgres-is-current", "--yes")).code).toBe(0);
  expect((await app("elasticsearch", "migrate")).code).toBe(0);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match" });
  expect(Object.keys(await sources()).toSorted()).toEqual(Object.keys(before).toSorted());
  expect(Object.keys((await dumpLogs(archive.sql))[nodes]!).length).toBeLessThan(Object.keys(rows[nodes]!).length);
});

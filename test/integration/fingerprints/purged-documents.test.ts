import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { dumpLogs, restoreOnce, tenantsOf } from "../restore/restore-archive.ts";
import { documentsOf } from "../validate/documents.ts";
import { shown, validateOnce } from "../validate/validate-once.ts";

const nodes = "workflow_node_executions";
let archive: TestArchive;
let tenantId: string;
let before: Record<string, Record<string, string>>;

beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  await migrateOnce(archive);
  [tenantId] = (await tenantsOf(archive.sql)) as [string];
  before = await dumpLogs(archive.sql);
  await cleanupOnce(archive, { tenantId });
});
afterEach(() => archive.drop());

interface Place {
  readonly id: string;
  readonly index: string;
}

async function purgedNodes(): Promise<Place[]> {
  const { rows } = await archive.sql.query<{ id: string; month: string }>(
    "SELECT record_id AS id, replace(month, '-', '.') AS month FROM log_archive.purged_rows WHERE data_type = 'node_executions' ORDER BY 1",
  );
  return rows.map(({ id, month }) => ({ id, index: documentsOf(archive).indexOf(nodes, tenantId, month) }));
}

async function changeTitle({ index, id }: Place): Promise<void> {
  const documents = documentsOf(archive);
  const source = await documents.source(index, id);
  expect(source).toContain('"title":"');
  await documents.put(index, id, source.replace('"title":"', '"title":"!'));
}

/** A document beside those of the program. */
async function add({ index, id }: Place): Promise<Place> {
  const added = randomUUID();
  await documentsOf(archive).put(index, added, (await documentsOf(archive).source(index, id)).replaceAll(id, added));
  await fetch(`${archive.elasticsearchUrl}/${index}/_refresh`, { method: "POST" }); // a dry run does not
  return { index, id: added };
}

const nodeRows = async () => (await dumpLogs(archive.sql))[nodes]!;

test("rows purged before fingerprints were written are told apart, and adopted from then on", async () => {
  await archive.sql.query("UPDATE log_archive.purged_rows SET fingerprint = NULL, document_bytes = NULL");
  const purged = await purgedNodes();
  const totals = { purged: purged.length, unproven: purged.length };
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({
    status: "match",
    byDataType: { node_executions: totals },
  });
  await changeTitle(purged[0]!); // nothing can tell
  expect(await validateOnce(archive, { level: "full", adopt: true })).toMatchObject({
    status: "match",
    byDataType: { node_executions: { ...totals, unproven: 0 } },
  });
  await changeTitle(purged[1]!);
  const report = await validateOnce(archive, { level: "full", adopt: true }); // what is known already is not known anew
  expect(shown(report)).toEqual([`altered node_executions ${purged[1]!.id}`]);
  const { rows } = await archive.sql.query(
    "SELECT FROM log_archive.purged_rows WHERE fingerprint IS NULL OR adopted_at IS NULL",
  );
  expect(rows).toEqual([]);
});

test("restore says which rows nothing proves, and brings them back", async () => {
  await archive.sql.query("UPDATE log_archive.purged_rows SET fingerprint = NULL WHERE data_type = 'node_executions'");
  const purged = await purgedNodes();
  const report = await restoreOnce(archive, tenantId);
  expect(report.status).toBe("completed");
  expect(report.notes).toEqual([
    expect.stringMatching(new RegExp(`^${purged.length} rows were purged before fingerprints`)),
  ]);
  expect(await dumpLogs(archive.sql)).toEqual(before);
});

test("documents that were changed or added are refused by name, also by a dry run; a word takes them as they are", async () => {
  const purged = await purgedNodes();
  await changeTitle(purged[0]!);
  const added = await add(purged[1]!);
  const dry = await restoreOnce(archive, tenantId, { dryRun: true });
  const report = await restoreOnce(archive, tenantId);
  for (const { byTable, findings } of [dry, report]) {
    expect(byTable[nodes]).toMatchObject({ refused: 2, restored: purged.length - 1 });
    expect(findings.map(({ id, kind }) => `${kind} ${id}`).toSorted()).toEqual(
      [purged[0]!.id, added.id].map((id) => `refused ${id}`).toSorted(),
    );
  }
  expect(report.status).toBe("completed_with_errors");
  // all others are back, and still the two are no rows that were purged
  expect((await restoreOnce(archive, tenantId)).byTable[nodes]).toMatchObject({ refused: 2, restored: 0 });
  const { [purged[0]!.id]: _, ...others } = before[nodes]!;
  expect(await nodeRows()).toEqual(others);

  const accepted = await restoreOnce(archive, tenantId, { acceptUnproven: true });
  expect(accepted).toMatchObject({ status: "completed", byTable: { [nodes]: { refused: 0, restored: 2 } } });
  expect(accepted.findings.map(({ kind }) => kind)).toEqual(["accepted", "accepted"]);
  expect(Object.keys(await nodeRows()).toSorted()).toEqual([...Object.keys(before[nodes]!), added.id].toSorted());
});

test("a document nobody knows of is restored where logs were written into Elasticsearch alone", async () => {
  const [purged] = await purgedNodes();
  await archive.sql.query(
    "INSERT INTO log_archive.direct_writes (data_type, tenant_id, month) SELECT data_type, tenant_id, month FROM log_archive.partitions",
  );
  const added = await add(purged!);
  expect((await restoreOnce(archive, tenantId)).byTable[nodes]).toMatchObject({ refused: 0 });
  expect(await nodeRows()).toHaveProperty([added.id]);
});

test("what was restored, changed by the platform and purged again is known by its new document", async () => {
  await restoreOnce(archive, tenantId);
  await archive.sql.query(`UPDATE ${nodes} SET title = title || '.'`);
  await archive.sql.query("DELETE FROM log_archive.checkpoints");
  expect((await validateOnce(archive, { level: "full", repair: true })).repaired).toBeGreaterThan(0);
  await cleanupOnce(archive, { tenantId });
  const purged = await purgedNodes();
  expect(purged.length).toBeGreaterThan(0);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({
    status: "match",
    byDataType: { node_executions: { purged: purged.length, unproven: 0, altered: 0 } },
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";
import {
  deleteLogs,
  dumpLogs,
  indexOf,
  logTables,
  putDocument,
  restoreOnce,
  sourceOf,
  tenantsOf,
} from "./restore-archive.ts";

let archive: TestArchive;
let tenant: string;
const other = "0c000000-0000-4000-8000-000000000000";

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 120, tenants: 1, months: 1, firstMonth: "2025-09" });
  tenant = (await tenantsOf(archive.sql))[0]!;
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"])
    await archive.sql.query(`UPDATE ${table} SET tenant_id = '${other}' WHERE id::text > 'c'`);
  await addOffloads();
  await migrateOnce(archive);
  await archive.sql.query("CREATE SCHEMA saved");
  for (const table of logTables) await archive.sql.query(`CREATE TABLE saved.${table} AS SELECT * FROM ${table}`);
});
afterEach(putBack);
afterAll(() => archive.drop());

async function putBack(): Promise<void> {
  await archive.sql.query(`TRUNCATE ${logTables.join(", ")}`);
  for (const table of logTables) await archive.sql.query(`INSERT INTO ${table} SELECT * FROM saved.${table}`);
}

/** Two offload rows for some node executions of each tenant. */
async function addOffloads(): Promise<void> {
  await archive.sql.query(
    "UPDATE workflow_node_execution_offload o SET tenant_id = t.tenant_id FROM workflow_node_executions t WHERE t.id = o.node_execution_id",
  );
  await archive.sql.query(
    `INSERT INTO workflow_node_execution_offload (tenant_id, app_id, node_execution_id, type, file_id)
     SELECT tenant_id, app_id, id, type, gen_random_uuid() FROM workflow_node_executions, unnest(array['inputs', 'a type']) AS type
      WHERE (id::text < '2' OR id::text > 'e') ON CONFLICT DO NOTHING`,
  );
}

async function count(table: string, condition: string): Promise<number> {
  const { rows } = await archive.sql.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM ${table} WHERE ${condition}`,
  );
  return rows[0]!.rows;
}

async function ids(table: string, limit: number): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM ${table} WHERE tenant_id = '${tenant}' ORDER BY id LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

test("only what is missing is inserted, once, and no document is written", async () => {
  const before = await dumpLogs(archive.sql);
  const [nodes, written] = [await count("workflow_node_executions", `tenant_id = '${tenant}'`), await writes(archive)];
  const gone = await count("workflow_node_executions", `tenant_id = '${tenant}' AND id::text < '8'`);
  await deleteLogs(archive.sql, `tenant_id = '${tenant}' AND id::text < '8'`);

  const report = await restoreOnce(archive, tenant);

  expect(report).toMatchObject({ status: "completed", dryRun: false, tenantId: tenant, findings: [] });
  expect(report.byTable["workflow_node_executions"]).toEqual({
    documents: nodes,
    restored: gone,
    present: nodes - gone,
    different: 0,
    deleted: 0,
    refused: 0,
  });
  expect(await dumpLogs(archive.sql)).toEqual(before);

  const again = await restoreOnce(archive, tenant);
  expect(again.byTable["workflow_node_executions"]).toMatchObject({ restored: 0, present: nodes });
  expect(await dumpLogs(archive.sql)).toEqual(before);
  expect(await writes(archive)).toBe(written);
});

test("a row in whose way another is, by a unique key, is refused, and those beside it come back", async () => {
  const table = "workflow_node_executions";
  const all = await ids(table, 1000);
  const [missing, there] = [all[0]!, all.at(-1)!];
  const gone = await count(table, `tenant_id = '${tenant}' AND id::text < '8'`);
  await deleteLogs(archive.sql, `tenant_id = '${tenant}' AND id::text < '8'`);
  await archive.sql.query(
    `CREATE UNIQUE INDEX in_the_way ON ${table} ((CASE WHEN id IN ('${missing}', '${there}') THEN 1 END))`,
  );
  try {
    const report = await restoreOnce(archive, tenant);

    expect(report.byTable[table]).toMatchObject({ restored: gone - 1, refused: 1, different: 0 });
    expect(report.findings).toMatchObject([
      { id: missing, reason: "another row has its id or another of its unique keys" },
    ]);
    expect(await count(table, `id = '${missing}'`)).toBe(0);
  } finally {
    await archive.sql.query("DROP INDEX in_the_way");
  }
});

test("a rule for inserts is never passed over: PostgreSQL says that it is in the way, and nothing is written", async () => {
  await deleteLogs(archive.sql, `tenant_id = '${tenant}'`);
  const before = await dumpLogs(archive.sql);
  await archive.sql.query("CREATE TABLE seen (id uuid)");
  await archive.sql.query("CREATE RULE also AS ON INSERT TO workflow_runs DO ALSO INSERT INTO seen VALUES (NEW.id)");
  try {
    await expect(restoreOnce(archive, tenant)).rejects.toThrow(/INSERT or UPDATE rules/);
    expect(await dumpLogs(archive.sql)).toEqual(before);
  } finally {
    await archive.sql.query("DROP RULE also ON workflow_runs; DROP TABLE seen");
  }
});

test("rows of another content are reported with their columns and never overwritten", async () => {
  const [micro = "", empty = "", text = ""] = await ids("workflow_node_executions", 3);
  const update = (set: string, id: string) =>
    archive.sql.query(`UPDATE workflow_node_executions SET ${set} WHERE id = '${id}'`);
  await update("created_at = created_at + interval '1 microsecond', elapsed_time = -elapsed_time", micro);
  await update("error = CASE WHEN error IS NULL THEN '' END", empty);
  await update("outputs = outputs || ' ', process_data = 'null'", text);
  const changed = await dumpLogs(archive.sql);

  const report = await restoreOnce(archive, tenant);

  expect(report.status).toBe("completed_with_errors");
  expect(report.byTable["workflow_node_executions"]).toMatchObject({ restored: 0, different: 3, refused: 0 });
  const found = new Map(report.findings.map((finding) => [finding.id, finding]));
  const different = { table: "workflow_node_executions", kind: "different" };
  expect(found.get(micro)).toMatchObject({ ...different, columns: ["elapsed_time", "created_at"] });
  expect(found.get(empty)).toMatchObject({ ...different, columns: ["error"] });
  expect(found.get(text)!.columns).toEqual(expect.arrayContaining(["process_data"]));
  expect(await dumpLogs(archive.sql)).toEqual(changed);
  const { rows } = await archive.sql.query("SELECT record_id FROM log_archive.restore_findings ORDER BY 1");
  expect(rows.map((row: { record_id: string }) => row.record_id)).toEqual([micro, empty, text].toSorted());
});

describe("offload rows", () => {
  const offloads = "workflow_node_execution_offload";

  test("that are missing come back though their node execution is there", async () => {
    const before = await dumpLogs(archive.sql);
    await archive.sql.query(`DELETE FROM ${offloads} WHERE tenant_id = '${tenant}' AND type = 'a type'`);
    const report = await restoreOnce(archive, tenant);
    expect(report.byTable[offloads]!.restored).toBeGreaterThan(0);
    expect(report.byTable["workflow_node_executions"]).toMatchObject({ restored: 0, different: 0 });
    expect(await dumpLogs(archive.sql)).toEqual(before);
  });

  test("of another content are reported and left alone", async () => {
    const changed = await archive.sql.query<{ id: string }>(
      `UPDATE ${offloads} SET file_id = gen_random_uuid() WHERE id = (SELECT min(id::text)::uuid FROM ${offloads} WHERE tenant_id = '${tenant}') RETURNING id::text AS id`,
    );
    const before = await dumpLogs(archive.sql);
    const report = await restoreOnce(archive, tenant);
    expect(report.findings).toEqual([
      expect.objectContaining({ table: offloads, id: changed.rows[0]!.id, kind: "different", columns: ["file_id"] }),
    ]);
    expect(await dumpLogs(archive.sql)).toEqual(before);
  });

  test("whose place another row has taken are refused, and their node execution is restored", async () => {
    const { rows } = await archive.sql.query<{ node: string; id: string; type: string }>(
      `SELECT node_execution_id::text AS node, id::text AS id, type FROM ${offloads} WHERE tenant_id = '${tenant}' ORDER BY id LIMIT 1`,
    );
    const { node, id, type } = rows[0]!;
    await deleteLogs(archive.sql, `id = '${node}'`);
    await archive.sql.query(
      `INSERT INTO ${offloads} (tenant_id, app_id, node_execution_id, type, file_id) VALUES ('${tenant}', gen_random_uuid(), '${node}', '${type}', gen_random_uuid())`,
    );
    const report = await restoreOnce(archive, tenant);
    expect(report.findings).toEqual([expect.objectContaining({ table: offloads, id, kind: "refused" })]);
    expect(report.byTable["workflow_node_executions"]).toMatchObject({ restored: 1, refused: 0 });
  });

  test("of a node execution that is another now are not added to it", async () => {
    const { rows } = await archive.sql.query<{ node: string; offloads: number }>(
      `SELECT node_execution_id::text AS node, count(*)::int AS offloads FROM ${offloads} WHERE tenant_id = '${tenant}' GROUP BY 1 ORDER BY 1 LIMIT 1`,
    );
    await archive.sql.query(`DELETE FROM ${offloads} WHERE node_execution_id = '${rows[0]!.node}'`);
    await archive.sql.query(`UPDATE workflow_node_executions SET title = 'other' WHERE id = '${rows[0]!.node}'`);
    const before = await dumpLogs(archive.sql);
    const report = await restoreOnce(archive, tenant);
    expect(report.byTable[offloads]).toMatchObject({ restored: 0, refused: rows[0]!.offloads });
    expect(await dumpLogs(archive.sql)).toEqual(before);
  });
});

describe("another tenant", () => {
  test("neither gains nor loses a row", async () => {
    await deleteLogs(archive.sql, "true");
    await restoreOnce(archive, tenant);
    expect(await tenantsOf(archive.sql)).toEqual([tenant]);
  });

  test("that has a row of the same id keeps it, and the archived one is refused", async () => {
    const [id] = await ids("workflow_runs", 1);
    await archive.sql.query(`UPDATE workflow_runs SET tenant_id = '${other}' WHERE id = '${id}'`);
    const before = await dumpLogs(archive.sql);
    const report = await restoreOnce(archive, tenant, { dataTypes: ["workflow_runs"] });
    expect(report.findings).toEqual([expect.objectContaining({ id, kind: "refused" })]);
    expect(report.byTable["workflow_runs"]).toMatchObject({ restored: 0, refused: 1 });
    expect(await dumpLogs(archive.sql)).toEqual(before);
  });
});

type Alter = (source: Record<string, unknown>) => void;

test("documents altered behind the program's back are refused, each with its reason, and all others restored", async () => {
  const alterations: [Alter, RegExp][] = [
    [(source) => (source["tenant_id"] = other), /another tenant/],
    [(source) => (source["created_at"] = "2025-10-01T00:00:00.000000Z"), /another month/],
    [(source) => (source["title"] = 1), /title is no value of the type varchar/],
    [(source) => (source["index"] = "1; drop table x"), /index is no value of the type int4/],
    [(source) => (source["outputs"] = "a\0b"), /0x00.*22021/],
    [(source) => (source["title"] = "t".repeat(256)), /too long.*22001/],
    [(source) => (source["index"] = 2 ** 40), /out of range.*22003/],
    [(source) => (source["finished_at"] = "2025-02-30T00:00:00.000000Z"), /date.*22008/],
    [(source) => (source["id"] = "00000000-0000-4000-8000-000000000000"), /_id/],
    [(source) => (source["archive"] = { offloads: { id: "x" } }), /offloads is no array/],
  ];
  const index = indexOf(archive, "workflow-node-executions", tenant, "2025.09");
  const altered = (await ids("workflow_node_executions", 40)).filter((_, at) => at % 4 === 0);
  for (const [at, id] of altered.entries()) {
    const source = await sourceOf(archive, index, id);
    alterations[at]![0](source);
    await putDocument(archive, index, id, source);
  }
  const copy = "ffffffff-0000-4000-8000-000000000000"; // of a document that stays as it is
  await putDocument(
    archive,
    index,
    copy,
    await sourceOf(archive, index, (await ids("workflow_node_executions", 2))[1]!),
  );
  const expected = await dumpLogs(archive.sql);
  for (const id of altered) delete expected["workflow_node_executions"]![id];
  const offloads = expected["workflow_node_execution_offload"]!;
  for (const [key, line] of Object.entries(offloads)) if (altered.some((id) => line.includes(id))) delete offloads[key];
  const nodes = await count("workflow_node_executions", `tenant_id = '${tenant}'`);
  await deleteLogs(archive.sql, `tenant_id = '${tenant}'`);

  const report = await restoreOnce(archive, tenant);

  expect(report.byTable["workflow_node_executions"]).toEqual({
    documents: nodes + 1,
    restored: nodes - altered.length,
    present: 0,
    different: 0,
    deleted: 0,
    refused: altered.length + 1,
  });
  expect(report.findings).toHaveLength(altered.length + 1);
  expect(report.findings.find(({ id }) => id === copy)).toMatchObject({ kind: "refused" });
  for (const [at, [, reason]] of alterations.entries()) {
    const finding = report.findings.find(({ id }) => id === altered[at]);
    expect(finding).toMatchObject({ kind: "refused", reason: expect.stringMatching(reason) as string });
  }
  expect(await dumpLogs(archive.sql)).toEqual(expected);
  await fetch(`${archive.elasticsearchUrl}/${index}/_doc/${copy}?refresh=true`, { method: "DELETE" });
  await putBack();
  await migrateOnce(archive, { restart: true });
});

test("a value that the table would keep in other words is refused, not rounded", async () => {
  await archive.sql.query("ALTER TABLE workflow_node_executions ALTER created_at TYPE timestamp(0)");
  await archive.sql.query(`DELETE FROM workflow_node_executions WHERE tenant_id = '${tenant}'`);
  const report = await restoreOnce(archive, tenant, { dataTypes: ["node_executions"] });
  const { documents, restored, refused } = report.byTable["workflow_node_executions"]!;
  expect(restored + refused).toBe(documents);
  expect(refused).toBeGreaterThan(documents / 2);
  expect(report.findings[0]).toMatchObject({
    kind: "refused",
    reason: expect.stringContaining("created_at") as string,
  });
  expect(await count("workflow_node_executions", `tenant_id = '${tenant}'`)).toBe(restored);
  await archive.sql.query("ALTER TABLE workflow_node_executions ALTER created_at TYPE timestamp");
});

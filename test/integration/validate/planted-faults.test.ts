import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareStores } from "../../support/compare-stores.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { documentsOf } from "./documents.ts";
import { shown, validateOnce } from "./validate-once.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 400, tenants: 2, months: 2 });
});
afterEach(() => archive.drop());

const runs = "workflow_runs";
const nodes = "workflow_node_executions";

/** Rows whose documents are each going to be wrong in one way, all of the same tenant and month. */
async function chooseRows(): Promise<Record<string, string>> {
  const { rows: groups } = await archive.sql.query<{ tenant: string; month: string }>(
    `SELECT tenant_id::text AS tenant, to_char(created_at, 'YYYY-MM') AS month FROM ${runs} GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1`,
  );
  const { tenant, month } = groups[0]!;
  const names: Record<string, readonly string[]> = {
    [runs]: ["text", "number", "otherTenant"],
    [nodes]: ["large", "missing", "otherMonth", "microsecond", "minusZero", "empty"],
  };
  const chosen: Record<string, string> = {};
  for (const [table, keys] of Object.entries(names)) {
    const { rows } = await archive.sql.query<{ id: string }>(
      `SELECT id::text AS id FROM ${table} WHERE tenant_id = $1 AND to_char(created_at, 'YYYY-MM') = $2 ORDER BY id LIMIT ${keys.length}`,
      [tenant, month],
    );
    for (const [at, key] of keys.entries()) chosen[key] = rows[at]!.id;
  }
  return { ...chosen, tenant, month };
}

/** A document without a row is doubled as soon as its id has its document back where its row is. */
function asExtra(fault: string): string {
  return fault.replace(/^doubled/, "extra");
}

async function plantFaults(): Promise<string[]> {
  const { sql } = archive;
  const rows = await chooseRows();
  const update = (table: string, set: string, id: string | undefined) =>
    sql.query(`UPDATE ${table} SET ${set} WHERE id = $1`, [id]);
  await update(nodes, `outputs = '{"text": "' || repeat('abcdefghij', 100000) || '"}'`, rows["large"]);
  await update(nodes, "error = NULL", rows["empty"]);
  await update(nodes, "finished_at = '2025-09-30 23:59:59.123456'", rows["microsecond"]);
  await update(nodes, "elapsed_time = '-0'", rows["minusZero"]);
  await update(runs, "total_tokens = 9007199254740993", rows["number"]);
  await update(runs, "error = ''", rows["text"]);
  await migrateOnce(archive);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match", differences: [] });

  const documents = documentsOf(archive);
  const large = await documents.source(await documents.indexOfRow(nodes, rows["large"]!), rows["large"]!);
  const middle = large.indexOf("abcdefghij") + 500_000;
  await documents.put(
    await documents.indexOfRow(nodes, rows["large"]!),
    rows["large"]!,
    `${large.slice(0, middle)}X${large.slice(middle + 1)}`,
  );
  await documents.remove(await documents.indexOfRow(nodes, rows["missing"]!), rows["missing"]!);
  await documents.change(nodes, rows["empty"]!, '"error":null', '"error":""');
  await documents.change(runs, rows["text"]!, '"error":""', '"error":null');
  await documents.change(nodes, rows["microsecond"]!, "23:59:59.123456Z", "23:59:59.123457Z");
  await documents.change(nodes, rows["minusZero"]!, '"elapsed_time":-0.0', '"elapsed_time":0.0');
  await documents.change(runs, rows["number"]!, "9007199254740993", "9007199254740992");
  const { rows: places } = await sql.query<{ tenant: string; month: string }>(
    `SELECT DISTINCT tenant_id::text AS tenant, to_char(created_at, 'YYYY.MM') AS month FROM ${nodes}`,
  );
  const own = rows["month"]!.replace("-", ".");
  const otherMonth = places.find(({ tenant, month }) => tenant === rows["tenant"] && month !== own)!.month;
  const otherTenant = places.find(({ tenant, month }) => tenant !== rows["tenant"] && month === own)!.tenant;
  await documents.move(nodes, rows["otherMonth"]!, documents.indexOf(nodes, rows["tenant"]!, otherMonth));
  await documents.move(runs, rows["otherTenant"]!, documents.indexOf(runs, otherTenant, own));
  const extra = randomUUID();
  const runsIndex = documents.indexOf(runs, rows["tenant"]!, own);
  await documents.put(runsIndex, extra, await documents.source(runsIndex, rows["number"]!));
  await documents.put(runsIndex, "no-uuid", "{}");
  return [
    `different node_executions ${rows["large"]} outputs`,
    `different node_executions ${rows["empty"]} error`,
    `different node_executions ${rows["microsecond"]} finished_at`,
    `different node_executions ${rows["minusZero"]} elapsed_time`,
    `different workflow_runs ${rows["text"]} error`,
    `different workflow_runs ${rows["number"]} total_tokens`,
    `missing node_executions ${rows["missing"]}`,
    `missing node_executions ${rows["otherMonth"]}`,
    `extra node_executions ${rows["otherMonth"]}`,
    `missing workflow_runs ${rows["otherTenant"]}`,
    `extra workflow_runs ${rows["otherTenant"]}`,
    `extra workflow_runs ${extra}`,
    "extra workflow_runs no-uuid",
  ].toSorted();
}

test("every planted fault is found, by a full validation and by a sample of everything; repair mends rows, deletion documents", async () => {
  const planted = await plantFaults();

  const full = await validateOnce(archive, { level: "full" });

  expect(shown(full)).toEqual(planted);
  expect(full).toMatchObject({
    status: "mismatch",
    byDataType: {
      node_executions: { source: 400, target: 399, checked: 400, matched: 394, missing: 2, different: 4, extra: 1 },
      workflow_runs: { missing: 1, different: 2, extra: 3 },
      app_logs: { missing: 0, different: 0, extra: 0 },
    },
  });
  const { rows } = await archive.sql.query("SELECT kind FROM log_archive.validation_differences WHERE run_id = $1", [
    full.runId,
  ]);
  expect(rows).toHaveLength(planted.length);

  const sampled = await validateOnce(archive, { level: "sample", sampleSize: 100_000 });
  expect(shown(sampled)).toEqual(planted);
  expect(sampled.sample!.finds[0]).toEqual({ wrong: 1, rows: 1, documents: 1 });

  const repaired = await validateOnce(archive, { level: "full", repair: true });
  const extras = planted.filter((fault) => fault.startsWith("extra"));
  expect(repaired).toMatchObject({ status: "mismatch", repaired: 9, deleted: 0 });
  expect(shown(repaired).map(asExtra).toSorted()).toEqual(extras);
  const { differences } = await compareStores(archive);
  expect(new Set(differences.map(({ id }) => id))).toEqual(new Set(extras.map((fault) => fault.split(" ")[2])));

  const declined = await validateOnce(archive, { level: "full", deleteExtra: true, confirmDelete: async () => false });
  expect(declined).toMatchObject({ status: "mismatch", deleted: 0 });
  const asked: number[] = [];
  const deleted = await validateOnce(archive, {
    level: "full",
    deleteExtra: true,
    confirmDelete: async (documents) => asked.push(documents) > 0,
  });
  expect(asked).toEqual([extras.length]);
  expect(deleted).toMatchObject({ status: "match", deleted: extras.length, repaired: 0 });
  expect((await compareStores(archive)).differences).toEqual([]);
});

test("a sample repairs what it finds", async () => {
  const planted = await plantFaults();
  const report = await validateOnce(archive, { level: "sample", sampleSize: 100_000, repair: true });
  expect(report).toMatchObject({ status: "mismatch", repaired: 9 });
  expect(shown(report).map(asExtra).toSorted()).toEqual(planted.filter((fault) => fault.startsWith("extra")));
  const left = shown(await validateOnce(archive, { level: "full" }));
  expect(left.map(asExtra).toSorted()).toEqual(shown(report).map(asExtra).toSorted());
  expect(left.filter((fault) => fault.startsWith("doubled"))).toHaveLength(2); // their rows have documents again
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawSource } from "../../support/archived-documents.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

/** Everything below rests on this comparison, so it has to find each kind of difference. */
describe("the comparison of both stores finds", () => {
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await createTestArchive({ nodeExecutions: 50, tenants: 1, months: 1, hostile: true, unarchivable: true });
    for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"])
      await archive.sql.query(`DELETE FROM ${table} WHERE created_at < '2025-09-01' AND created_at >= '0001-01-01'`);
    await migrateOnce(archive);
    expect((await compareStores(archive)).differences).toEqual([]);
  });
  afterAll(() => archive.drop());

  const found = async (): Promise<[string, string][]> =>
    (await compareStores(archive)).differences.map(({ id, at }) => [id, at]);

  async function rowWhere(table: string, condition: string): Promise<{ id: string; index: string }> {
    const resource = table.replaceAll("_", "-");
    const { rows } = await archive.sql.query<{ id: string; index: string }>(
      `SELECT id::text AS id, '${archive.prefix}-${resource}-' || tenant_id || '-' || to_char(created_at, 'YYYY.MM') AS index
         FROM ${table} WHERE ${condition} AND created_at > '2000-01-01' AND created_at < '2100-01-01' ORDER BY id LIMIT 1`,
    );
    return rows[0]!;
  }

  async function put(index: string, id: string, source: string): Promise<void> {
    const answer = await fetch(`${archive.elasticsearchUrl}/${index}/_doc/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: source,
    });
    expect(answer.ok).toBe(true);
  }

  test.each<[string, string, string, string, RegExp, string]>([
    ["a digit of a microsecond", "workflow_runs", "created_at", "true", /("created_at":".{24}\d)\d/, "$10"],
    [
      "a bigint rounded to a double",
      "workflow_runs",
      "total_tokens",
      "total_tokens = 9007199254740993",
      /9007199254740993/,
      "9007199254740992",
    ],
    [
      "-0 that became 0",
      "workflow_runs",
      "elapsed_time",
      "elapsed_time::text = '-0'",
      /"elapsed_time":-0\.0/,
      '"elapsed_time":0.0',
    ],
    [
      "NaN that became NULL",
      "workflow_runs",
      "elapsed_time",
      "elapsed_time = 'NaN'",
      /"elapsed_time":"NaN"/,
      '"elapsed_time":null',
    ],
    [
      "NULL that became ''",
      "workflow_node_executions",
      "process_data",
      "process_data IS NULL",
      /"process_data":null/,
      '"process_data":""',
    ],
    ["'' that became NULL", "workflow_node_executions", "inputs", "inputs = ''", /"inputs":""/, '"inputs":null'],
    ["a field that is missing", "workflow_app_logs", "created_from", "true", /"created_from":"[^"]*",/, ""],
    ["a field that no column has", "workflow_app_logs", "more", "true", /^\{/, '{"more":null,'],
    [
      "a field of archive that is not known",
      "workflow_app_logs",
      "archive.more",
      "true",
      /"archive":\{/,
      '"archive":{"more":1,',
    ],
    [
      "a hash of a file",
      "workflow_node_executions",
      "archive.offloads",
      "id IN (SELECT node_execution_id FROM workflow_node_execution_offload)",
      /"hash" : "./,
      '"hash" : "x',
    ],
  ])("%s", async (_, table, column, condition, from, to) => {
    const { id, index } = await rowWhere(table, condition);
    const source = await rawSource(archive.elasticsearchUrl, index, id);
    expect(source).toMatch(from);
    await put(index, id, source.replace(from, to));
    try {
      expect(await found()).toEqual([[id, column]]);
    } finally {
      await put(index, id, source);
    }
  });

  test("a document that is missing, in another index, or in two", async () => {
    const { id, index } = await rowWhere("workflow_runs", "true");
    const source = await rawSource(archive.elasticsearchUrl, index, id);
    const other = index.replace(/\d{4}\.\d\d$/, "2031.01");

    await fetch(`${archive.elasticsearchUrl}/${other}`, { method: "PUT" });
    await put(other, id, source);
    expect(await found()).toEqual([
      [id, "index"],
      [id, "index"],
    ]);
    await fetch(`${archive.elasticsearchUrl}/${index}/_doc/${id}`, { method: "DELETE" });
    expect(await found()).toEqual([[id, "index"]]);
    await fetch(`${archive.elasticsearchUrl}/${other}`, { method: "DELETE" });
    expect(await found()).toEqual([[id, "document"]]);
    await put(index, id, source);
  });

  test("a document without a row", async () => {
    const { id, index } = await rowWhere("workflow_app_logs", "true");
    const source = await rawSource(archive.elasticsearchUrl, index, id);
    for (const stranger of ["00000000-0000-4000-8000-000000000001", "nobody"]) {
      await put(index, stranger, source);
      expect(await found()).toEqual([[stranger, "row"]]);
      await fetch(`${archive.elasticsearchUrl}/${index}/_doc/${stranger}`, { method: "DELETE" });
    }
  });

  test("a row that is archived and a record error, and one that is neither", async () => {
    const { id } = await rowWhere("workflow_runs", "true");
    const { rows } = await archive.sql.query<{ record_id: string }>(
      "UPDATE log_archive.record_errors SET record_id = $1 WHERE record_id = (SELECT min(record_id) FROM log_archive.record_errors WHERE data_type = 'workflow_runs') RETURNING record_id",
      [id],
    );
    expect(rows).toHaveLength(1);
    expect((await found()).map(([, at]) => at).toSorted()).toEqual(["document", "record error"]);
  });
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { runApp } from "../../support/app-process.ts";
import { archiveMark } from "../../support/index-owner.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
});
afterEach(() => archive.drop());

/** An index of ours for the node executions whose mapping takes no document that has a title. */
async function makeStrictIndex(): Promise<string> {
  const { rows } = await archive.sql.query<{ tenant: string; month: string }>(
    "SELECT DISTINCT tenant_id::text AS tenant, to_char(created_at, 'YYYY.MM') AS month FROM workflow_node_executions",
  );
  const index = `${archive.prefix}-workflow-node-executions-${rows[0]!.tenant}-${rows[0]!.month}`;
  const { rows: columns } = await archive.sql.query<{ name: string }>(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'workflow_node_executions' AND column_name <> 'title'",
  );
  const properties = Object.fromEntries(columns.map(({ name }) => [name, { type: "object", enabled: false }]));
  const answer = await fetch(`${archive.elasticsearchUrl}/${index}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      mappings: {
        _meta: await archiveMark(archive),
        dynamic: "strict",
        properties: { ...properties, archive: { type: "object", enabled: false } },
      },
    }),
  });
  expect(answer.status).toBe(200);
  return index;
}

test("rows that the mapping refuses become record errors with the reason; a plain rerun leaves them, a retry does not", async () => {
  const index = await makeStrictIndex();
  const [nodes, rows] = [await countRows(archive.sql, "workflow_node_executions"), await countRows(archive.sql)];

  const report = await migrateOnce(archive);

  expect(report).toMatchObject({
    status: "completed_with_errors",
    totals: { source: rows, migrated: rows - nodes, failed: nodes },
    errors: { total: nodes, byType: { strict_dynamic_mapping_exception: nodes } },
  });
  expect(report.errors.first[0]!.message).toMatch(/title/);
  const { differences, recordErrors } = await compareStores(archive);
  expect(differences).toEqual([]);
  expect(recordErrors).toBe(nodes);

  const before = await writes(archive);
  await migrateOnce(archive);
  expect(await writes(archive)).toBe(before);
  const { rows: attempts } = await archive.sql.query("SELECT DISTINCT attempts FROM log_archive.record_errors");
  expect(attempts).toEqual([{ attempts: 1 }]);

  const mended = await fetch(`${archive.elasticsearchUrl}/${index}/_mapping`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ properties: { title: { type: "keyword" } } }),
  });
  expect(mended.status).toBe(200);
  expect(await runApp(archive, ["elasticsearch", "errors", "retry"])).toMatchObject({ code: 0 });
  expect(await compareStores(archive)).toEqual({ differences: [], documents: rows, recordErrors: 0 });
});

test("the command ends with exit code 3 when rows were refused", async () => {
  await makeStrictIndex();
  const end = await runApp(archive, ["elasticsearch", "migrate", "--json"]);
  expect(end).toMatchObject({ code: 3 });
  expect(JSON.parse(end.stdout)).toMatchObject({ status: "completed_with_errors" });
});

test("a target that refuses more than a thousand rows in a row stops the run", async () => {
  await makeStrictIndex();
  await archive.sql.query(
    "CREATE TEMP TABLE more AS SELECT n.* FROM (SELECT * FROM workflow_node_executions LIMIT 20) n, generate_series(1, 75); UPDATE more SET id = gen_random_uuid(); INSERT INTO workflow_node_executions SELECT * FROM more",
  );

  const run = migrateOnce(archive, { scope: { dataTypes: ["node_executions"] }, batchRows: 100 });

  await expect(run).rejects.toMatchObject({ code: "too_many_record_errors", message: expect.stringMatching(/title/) });
  const { rows } = await archive.sql.query<{ errors: number }>(
    "SELECT count(*)::int AS errors FROM log_archive.record_errors",
  );
  expect(rows[0]!.errors).toBeGreaterThanOrEqual(1000);
  expect(rows[0]!.errors).toBeLessThanOrEqual(1000 + 3 * 100);
});

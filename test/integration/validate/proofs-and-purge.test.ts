import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runApp } from "../../support/app-process.ts";
import { compareStores } from "../../support/compare-stores.ts";
import {
  countRows,
  createTestArchive,
  insertRows,
  migrateOnce,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";
import { documentsOf } from "./documents.ts";
import { shown, validateOnce } from "./validate-once.ts";

let archive: TestArchive;

async function openArchive(): Promise<void> {
  archive = await createTestArchive({ nodeExecutions: 100, tenants: 1, months: 1 });
  await migrateOnce(archive);
}

const nodes = "workflow_node_executions";

async function states(): Promise<Record<string, { state: string; proofs: number[]; voided: number }>> {
  const { rows } = await archive.sql.query<{ type: string; state: string; proofs: number[]; voided: number }>(
    `SELECT data_type AS type, state,
            (SELECT coalesce(json_agg(rows), '[]') FROM log_archive.proofs f
              WHERE f.data_type = p.data_type AND f.index_uuid = p.index_uuid AND voided_at IS NULL) AS proofs,
            (SELECT count(*)::int FROM log_archive.proofs f WHERE f.data_type = p.data_type AND voided_at IS NOT NULL) AS voided
       FROM log_archive.partitions p`,
  );
  return Object.fromEntries(rows.map(({ type, ...rest }) => [type, rest]));
}

async function someRow(table = nodes): Promise<{ id: string; tenant: string; month: string }> {
  const { rows } = await archive.sql.query<{ id: string; tenant: string; month: string }>(
    `SELECT id::text AS id, tenant_id::text AS tenant, to_char(created_at, 'YYYY-MM') AS month FROM ${table} ORDER BY id LIMIT 1`,
  );
  return rows[0]!;
}

async function validations(): Promise<number> {
  const { rows } = await archive.sql.query("SELECT FROM log_archive.runs WHERE command = 'elasticsearch validate'");
  return rows.length;
}

/** As cleanup-pg leaves it: the row is gone and in the journal. */
async function purge({ id, tenant, month }: { id: string; tenant: string; month: string }): Promise<void> {
  await archive.sql.query(`DELETE FROM ${nodes} WHERE id = $1`, [id]);
  await archive.sql.query(
    "INSERT INTO log_archive.purged_rows (data_type, record_id, tenant_id, month) VALUES ('node_executions', $1, $2, $3)",
    [id, tenant, month],
  );
}

describe("each with an archive of its own", () => {
  beforeEach(openArchive);
  afterEach(() => archive.drop());

  test("a full match is the proof of a partition until a document is written into it", async () => {
    const runs = await countRows(archive.sql, "workflow_runs");
    await validateOnce(archive, { level: "sample" });
    expect((await states())["workflow_runs"]).toEqual({ state: "copied", proofs: [], voided: 0 });
    await validateOnce(archive, { level: "full", scope: { start: "2025-09-02 00:00:00.000000" } });
    expect((await states())["workflow_runs"]).toEqual({ state: "copied", proofs: [], voided: 0 });

    expect((await validateOnce(archive, { level: "full" })).partitions).toEqual({ total: 3, done: 3, verified: 3 });
    expect(await states()).toMatchObject({
      workflow_runs: { state: "verified", proofs: [runs] },
      node_executions: { state: "verified", proofs: [100] },
    });
    await validateOnce(archive, { level: "full" });
    expect((await states())["node_executions"]).toEqual({ state: "verified", proofs: [100], voided: 1 });

    await migrateOnce(archive); // has nothing to write but rows that are still running
    expect((await states())["node_executions"]).toEqual({ state: "verified", proofs: [100], voided: 1 });
    await insertRows(archive.sql, { table: nodes, count: 1, like: "true", createdAt: "created_at" });
    await migrateOnce(archive);
    expect(await states()).toMatchObject({
      workflow_runs: { state: "verified", proofs: [runs] },
      node_executions: { state: "copied", proofs: [], voided: 2 },
    });

    const { id } = await someRow();
    await documentsOf(archive).change(nodes, id, '"title":"', '"title":"!');
    await validateOnce(archive, { level: "full" });
    expect((await states())["node_executions"]).toMatchObject({ state: "copied", proofs: [] });
    await validateOnce(archive, { level: "full", repair: true });
    expect((await states())["node_executions"]).toMatchObject({ state: "verified", proofs: [101] });
  });

  test("documents of purged rows are not extra, and a purged row without a document is lost", async () => {
    const purged = await someRow();
    await purge(purged);
    for (const call of [{ level: "full" }, { level: "sample", sampleSize: 10_000 }] as const)
      expect(await validateOnce(archive, call)).toMatchObject({
        status: "match",
        byDataType: { node_executions: { source: 99, target: 100, matched: 99, extra: 0, lost: 0 } },
        countDifferences: [],
      });

    const documents = documentsOf(archive);
    await documents.remove(documents.indexOf(nodes, purged.tenant, purged.month.replace("-", ".")), purged.id);
    const report = await validateOnce(archive, { level: "full", repair: true });
    expect(shown(report)).toEqual([`lost node_executions ${purged.id}`]);
    expect(report.status).toBe("mismatch");
  });

  test("no document of a partition with purged rows is deleted; nor does --repair delete any after the platform's own cleanup", async () => {
    const purged = await someRow();
    await purge(purged);
    const { rows: gone } = await archive.sql.query<{ id: string }>(
      `DELETE FROM ${nodes} WHERE id IN (SELECT id FROM ${nodes} ORDER BY id LIMIT 5) RETURNING id::text AS id`,
    );
    const extras = gone.map(({ id }) => `extra node_executions ${id}`).toSorted();
    const documents = (await compareStores(archive)).documents;

    const repair = await validateOnce(archive, { level: "full", repair: true });
    expect(shown(repair)).toEqual(extras);
    const end = await runApp(archive, ["elasticsearch", "validate", "--full", "--delete-extra", "--yes", "--json"]);
    expect(end).toMatchObject({ code: 3 });
    expect(JSON.parse(end.stdout)).toMatchObject({
      status: "mismatch",
      deleted: 0,
      byDataType: { node_executions: { extra: 5 } },
      warnings: [expect.stringMatching(/node_executions.* not deleted/)],
    });
    expect((await compareStores(archive)).documents).toBe(documents);

    await archive.sql.query("DELETE FROM log_archive.purged_rows");
    await archive.sql.query("UPDATE log_archive.partitions SET state = 'purging' WHERE data_type = 'node_executions'");
    await validateOnce(archive, { level: "full", deleteExtra: true, confirmDelete: async () => true });
    expect((await compareStores(archive)).documents).toBe(documents);
  });
});

describe("one after the other with one archive", () => {
  beforeAll(openArchive);
  afterAll(() => archive.drop());

  test("a sample has the size asked for and says what it can miss", async () => {
    const rows = await countRows(archive.sql);
    for (let draw = 0; draw < 5; draw++) {
      const { byDataType } = await validateOnce(archive, { level: "sample", sampleSize: 20 });
      expect(Object.values(byDataType).reduce((sum, { checked }) => sum + checked, 0)).toBe(20);
    }
    const report = await validateOnce(archive, { level: "sample", sampleSize: 40 });
    const totals = Object.values(report.byDataType);
    expect(totals.reduce((sum, { checked }) => sum + checked, 0)).toBe(40);
    expect(report).toMatchObject({
      status: "match",
      sample: { rows: 40, ofRows: rows, documents: 40, ofDocuments: rows },
    });
    const [one, ten, hundred] = report.sample!.finds;
    expect(one!.rows).toBeGreaterThan(0);
    expect(one!.rows).toBeLessThanOrEqual(40 / rows);
    expect(ten!.rows).toBeGreaterThan(one!.rows);
    expect(hundred!.rows).toBeGreaterThan(ten!.rows);
    for (const { checked, source } of totals) expect(checked > 0).toBe(source > 0);

    const text = await runApp(archive, ["elasticsearch", "validate", "--sample-size", "40"]);
    expect(text).toMatchObject({ code: 0 });
    expect(text.stdout).toMatch(/Sample: 40 of \d+ rows, 40 of \d+ documents/);
    expect(text.stdout).toMatch(/✓ SUCCESS: 40 rows checked/);
  });

  test("deletes nothing without a word: exit 2 at once where nobody can be asked", async () => {
    const index = await documentsOf(archive).indexOfRow(nodes, (await someRow()).id);
    await documentsOf(archive).put(index, randomUUID(), "{}");
    const [before, validated] = [await writes(archive), await validations()];

    const end = await runApp(archive, ["elasticsearch", "validate", "--full", "--delete-extra", "--json"]);

    expect(end).toMatchObject({ code: 2 });
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: "confirmation_needed" } });
    expect(await validations()).toBe(validated);
    const deleted = await runApp(archive, ["elasticsearch", "validate", "--full", "--delete-extra", "--yes"]);
    expect(deleted).toMatchObject({ code: 0 });
    expect(await compareStores(archive)).toMatchObject({ differences: [] });
    expect(await writes(archive)).toBe(before);
  });

  test("counts alone show what a small sample does not draw", async () => {
    const { rows } = await archive.sql.query<{ id: string }>(`SELECT id::text AS id FROM ${nodes} ORDER BY id LIMIT 3`);
    for (const { id } of rows) await documentsOf(archive).remove(await documentsOf(archive).indexOfRow(nodes, id), id);
    const report = await validateOnce(archive, {
      level: "sample",
      sampleSize: 1,
      scope: { dataTypes: ["workflow_runs", "node_executions"] },
    });
    expect(report).toMatchObject({
      status: "mismatch",
      countDifferences: [{ dataType: "node_executions", source: 100, target: 97 }],
      sample: { rows: 1, documents: 1 },
    });
    expect(await validateOnce(archive, { level: "full", repair: true })).toMatchObject({
      status: "match",
      repaired: 3,
    });
  });

  test("rows that Elasticsearch refused are missing with the reason", async () => {
    const { id, tenant, month } = await someRow();
    await documentsOf(archive).remove(await documentsOf(archive).indexOfRow(nodes, id), id);
    await archive.sql.query(
      "INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason) VALUES ('node_executions', $1, $2, $3, 'some_exception', 'why')",
      [id, tenant, month],
    );
    const report = await validateOnce(archive, { level: "full" });
    expect(report).toMatchObject({
      status: "mismatch",
      byDataType: { node_executions: { missing: 1, recordErrors: 1 } },
      differences: [{ kind: "missing", id, reason: "record error some_exception: why" }],
    });
  });

  test("what cannot be read is named, not missing, and the others are compared", async () => {
    const { id, tenant, month } = await someRow();
    const index = await documentsOf(archive).indexOfRow(nodes, id);
    await fetch(`${archive.elasticsearchUrl}/${index}/_close`, { method: "POST" });
    for (const level of [["--full"], []]) {
      const end = await runApp(archive, ["elasticsearch", "validate", "--json", ...level]);
      expect(end).toMatchObject({ code: 3 });
      expect(JSON.parse(end.stdout)).toMatchObject({
        status: "mismatch",
        unreadable: [{ dataType: "node_executions", tenantId: tenant, month, because: "closed" }],
        byDataType: { node_executions: { missing: 0 }, workflow_runs: { missing: 0 } },
        differences: [],
      });
    }
    await fetch(`${archive.elasticsearchUrl}/${index}/_open`, { method: "POST" });
  });

  test("partitions past their retention are left out and not made again", async () => {
    const { tenant, month } = await someRow();
    const index = documentsOf(archive).indexOf(nodes, tenant, month.replace("-", "."));
    await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "DELETE" });
    await archive.sql.query("UPDATE log_archive.partitions SET state = 'expired' WHERE data_type = 'node_executions'");
    for (const call of [{ level: "full", repair: true }, { level: "sample" }] as const) {
      const report = await validateOnce(archive, call);
      expect(report).toMatchObject({ status: "match", byDataType: { node_executions: { checked: 0 } } });
      expect(report.warnings).toEqual([expect.stringMatching(/past its retention.*100 rows/)]);
    }
    expect((await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "HEAD" })).status).toBe(404);
  });
});

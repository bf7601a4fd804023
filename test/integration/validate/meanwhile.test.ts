import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { documentsOf } from "./documents.ts";
import { shown, validateOnce } from "./validate-once.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 300, tenants: 1, months: 1 });
  await archive.sql.query("CREATE INDEX ON workflow_node_executions (tenant_id, created_at, id); ANALYZE");
  await migrateOnce(archive);
});
afterEach(() => archive.drop());

const nodes = "workflow_node_executions";

/** A platform that goes on writing, into PostgreSQL first and, when told so, into Elasticsearch a moment later. */
function startWriter(options: { toElasticsearch: boolean }) {
  const stop = new AbortController();
  const documents = documentsOf(archive);
  const work = async (): Promise<number> => {
    const client = new Client({ connectionString: archive.databaseUrl });
    await client.connect();
    let writes = 0;
    try {
      while (!stop.signal.aborted) {
        const title = `written ${writes++}`;
        const { rows } = await client.query<{ id: string; before: string }>(
          `UPDATE ${nodes} n SET title = $1 FROM (SELECT id, title FROM ${nodes} ORDER BY random() LIMIT 1) o WHERE n.id = o.id RETURNING n.id::text AS id, o.title AS before`,
          [title],
        );
        const { id, before } = rows[0]!;
        if (!options.toElasticsearch) continue;
        await sleep(5);
        await documents.change(nodes, id, `"title":${JSON.stringify(before)}`, `"title":"${title}"`);
      }
    } finally {
      await client.end();
    }
    return writes;
  };
  const writes = work();
  return {
    async end(): Promise<number> {
      stop.abort();
      return writes;
    },
  };
}

async function writtenRows(): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM ${nodes} WHERE title LIKE 'written%'`,
  );
  return rows.map(({ id }) => id);
}

test("rows that both stores get while they are validated are not reported", async () => {
  const writer = startWriter({ toElasticsearch: true });
  const report = await validateOnce(archive, { level: "full", batchRows: 10, concurrency: 1 });
  const writes = await writer.end();

  expect(writes).toBeGreaterThan(10);
  expect(report).toMatchObject({ status: "match", differences: [] });
  const { checked, matched, changed } = report.byDataType.node_executions!;
  expect(checked).toBe(300);
  expect(matched + changed).toBe(300);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({
    status: "match",
    byDataType: { node_executions: { matched: 300, changed: 0 } },
  });
});

test("rows that only PostgreSQL gets meanwhile are counted as changed, prove nothing, and are different afterwards", async () => {
  const writer = startWriter({ toElasticsearch: false });
  while ((await writtenRows()).length === 0) await sleep(20);
  const inserted: string[] = [];
  const report = await validateOnce(archive, {
    level: "full",
    batchRows: 10,
    concurrency: 1,
    progress: {
      partitionStarted: (key) => {
        if (key.startsWith(nodes.slice("workflow_".length)))
          void insertRows(archive.sql, { table: nodes, count: 3, like: "true", createdAt: "created_at" }).then((ids) =>
            inserted.push(...ids),
          );
      },
    },
  });
  await writer.end();

  const totals = report.byDataType.node_executions!;
  expect(totals.changed).toBeGreaterThan(0);
  expect(totals.missing).toBe(0);
  expect(totals.matched + totals.changed + totals.different).toBe(totals.checked);
  const { rows: proofs } = await archive.sql.query(
    "SELECT FROM log_archive.proofs WHERE data_type = 'node_executions'",
  );
  expect(proofs).toEqual([]);

  const after = await validateOnce(archive, { level: "full" });
  expect(after.byDataType.node_executions).toMatchObject({ changed: 0, missing: inserted.length });
  const different = shown(after).filter((line) => line.startsWith("different"));
  expect(different.length).toBeGreaterThan(0);
  const written = await writtenRows();
  for (const line of different) expect(written).toContain(line.split(" ")[2]);
});

test("a document that arrives after its row was compared is not missing", async () => {
  const documents = documentsOf(archive);
  const { rows } = await archive.sql.query<{ id: string }>(`SELECT id::text AS id FROM ${nodes} ORDER BY id LIMIT 2`);
  const [late, never] = rows.map(({ id }) => id);
  const index = await documents.indexOfRow(nodes, late!);
  const source = await documents.source(index, late!);
  for (const id of [late!, never!]) await documents.remove(index, id);
  let arrived: Promise<void> | undefined;

  const report = await validateOnce(archive, {
    level: "full",
    scope: { dataTypes: ["node_executions"] },
    progress: { advanced: () => void (arrived ??= documents.put(index, late!, source)) },
  });

  await arrived;
  expect(shown(report)).toEqual([`missing node_executions ${never}`]);
  expect(report.byDataType.node_executions).toMatchObject({ checked: 300, matched: 299, missing: 1, changed: 0 });
});

test("another transaction that stays open hides no difference", async () => {
  const idle = new Client({ connectionString: archive.databaseUrl });
  await idle.connect();
  try {
    await idle.query("BEGIN; CREATE TEMP TABLE held (id int); INSERT INTO held VALUES (1)");
    const { rows } = await archive.sql.query<{ id: string }>(
      `UPDATE ${nodes} SET title = 'new' WHERE id = (SELECT id FROM ${nodes} ORDER BY id LIMIT 1) RETURNING id::text AS id`,
    );
    const report = await validateOnce(archive, { level: "full" });
    expect(shown(report)).toEqual([`different node_executions ${rows[0]!.id} title`]);
  } finally {
    await idle.end();
  }
});

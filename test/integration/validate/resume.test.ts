import { afterEach, beforeEach, expect, test } from "vitest";
import { runApp, startApp } from "../../support/app-process.ts";
import { countRows, createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { documentsOf } from "./documents.ts";
import { shown, validateOnce } from "./validate-once.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 1_200, tenants: 1, months: 2 });
});
afterEach(() => archive.drop());

const nodes = "workflow_node_executions";

async function progress(): Promise<number> {
  const { rows: found } = await archive.sql.query<{ there: boolean }>(
    "SELECT to_regclass('log_archive.validation_progress') IS NOT NULL AS there",
  );
  if (found[0]?.there !== true) return 0;
  const { rows } = await archive.sql.query<{ checked: number }>(
    "SELECT coalesce(sum(checked), 0)::int AS checked FROM log_archive.validation_progress",
  );
  return rows[0]!.checked;
}

/** Stops a validation once it has compared so many rows. */
async function interrupted(rows: number): Promise<number> {
  const stop = new AbortController();
  let compared = 0;
  const report = await validateOnce(archive, {
    level: "full",
    batchRows: 50,
    signal: stop.signal,
    progress: { advanced: (_key, count) => void ((compared += count) >= rows && stop.abort()) },
  });
  expect(report.status).toBe("interrupted");
  return progress();
}

/** Validates to the end; `compared` are the rows that this took. */
async function rest(options = {}) {
  let compared = 0;
  const report = await validateOnce(archive, {
    ...options,
    level: "full",
    batchRows: 50,
    progress: { advanced: (_key, count) => void (compared += count) },
  });
  return { report, compared };
}

test("an interrupted validation goes on, keeps what it found, and starts over once it has ended", async () => {
  await migrateOnce(archive);
  const rows = await countRows(archive.sql);
  const { rows: ids } = await archive.sql.query<{ id: string }>(
    `(SELECT id::text AS id FROM ${nodes} ORDER BY created_at DESC LIMIT 1) UNION ALL (SELECT id::text FROM ${nodes} ORDER BY created_at LIMIT 1)`,
  );
  for (const { id } of ids) await documentsOf(archive).change(nodes, id, '"title":"', '"title":"!');

  const first = await interrupted(400);
  expect(first).toBeGreaterThanOrEqual(400);
  const second = await interrupted(300);
  expect(second).toBeGreaterThanOrEqual(first + 300);

  const { report, compared } = await rest();

  expect(compared).toBe(rows - second);
  expect(report).toMatchObject({ status: "mismatch" });
  expect(shown(report)).toEqual(ids.map(({ id }) => `different node_executions ${id} title`).toSorted());
  const totals = Object.values(report.byDataType);
  expect(totals.reduce((sum, { checked }) => sum + checked, 0)).toBe(rows);
  expect(totals.reduce((sum, { matched }) => sum + matched, 0)).toBe(rows - 2);
  expect(await progress()).toBe(0);
  expect((await rest()).compared).toBe(rows);
});

test("an interrupted validation with --repair mends what was found before the stop", async () => {
  await migrateOnce(archive);
  const { rows: ids } = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM workflow_runs ORDER BY created_at DESC LIMIT 1`,
  );
  await documentsOf(archive).change("workflow_runs", ids[0]!.id, '"version":"', '"version":"!');
  await interrupted(700);

  const { report, compared } = await rest({ repair: true });

  expect(report).toMatchObject({ status: "match", repaired: 1 });
  expect(compared).toBeLessThan(await countRows(archive.sql));
  expect((await rest()).report).toMatchObject({ status: "match", differences: [] });
});

test("rows inserted, and documents left without a row, in the part that was compared before the stop are found", async () => {
  await migrateOnce(archive);
  await archive.sql.query("CREATE INDEX ON workflow_node_executions (tenant_id, created_at, id); ANALYZE");
  await interrupted(300);
  const { rows: parts } = await archive.sql.query<{ type: string; at: string }>(
    "SELECT data_type AS type, created_at::text AS at FROM log_archive.validation_progress WHERE data_type = 'node_executions' AND checked > 10 LIMIT 1",
  );
  const { at } = parts[0]!;
  const { rows: deleted } = await archive.sql.query<{ id: string }>(
    `DELETE FROM ${nodes} WHERE id = (SELECT id FROM ${nodes} WHERE created_at < $1 ORDER BY created_at DESC LIMIT 1) RETURNING id::text AS id`,
    [at],
  );

  const stopped = await rest();
  expect(shown(stopped.report)).toEqual([`extra node_executions ${deleted[0]!.id}`]);
  expect(stopped.compared).toBeLessThan(await countRows(archive.sql));

  await interrupted(300);
  const [inserted] = await insertRows(archive.sql, {
    table: nodes,
    count: 1,
    like: `created_at < '${at}'`,
    createdAt: `'${at}'::timestamp - interval '1 second'`,
  });
  expect(shown((await rest()).report)).toEqual(
    [`extra node_executions ${deleted[0]!.id}`, `missing node_executions ${inserted}`].toSorted(),
  );
});

test("a killed validation goes on where it was; a write between voids what it had compared", async () => {
  await migrateOnce(archive);
  const rows = await countRows(archive.sql);
  const command = ["elasticsearch", "validate", "--full", "--json"];
  let kills = 0;
  for (let attempt = 0; attempt < 20 && kills < 2; attempt++) {
    const before = await progress();
    const app = startApp(archive, command);
    for (let wait = 0; wait < 500 && (await progress()) <= before && app.child.exitCode === null; wait++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    app.child.kill("SIGKILL");
    if ((await app.end).signal === "SIGKILL") kills++;
    expect(await progress()).toBeGreaterThanOrEqual(before);
    if ((await progress()) === 0) continue;
  }
  const kept = await progress();
  expect(kept).toBeGreaterThan(0);

  const end = await runApp(archive, command);

  expect(end).toMatchObject({ code: 0 });
  const report = JSON.parse(end.stdout) as Awaited<ReturnType<typeof validateOnce>>;
  expect(Object.values(report.byDataType).reduce((sum, { matched }) => sum + matched, 0)).toBe(rows);
  expect(await progress()).toBe(0);
  const { rows: left } = await archive.sql.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('log_archive') AND relname LIKE 'keys\\_%'",
  );
  expect(left).toEqual([]);

  const stopped = await interrupted(300);
  await migrateOnce(archive, { restart: true });
  expect(await progress()).toBe(0);
  expect((await rest()).compared).toBe(rows);
  expect(stopped).toBeGreaterThan(0);
});

test("SIGINT ends with exit code 130 and a line that says how to go on", async () => {
  await migrateOnce(archive);
  const app = startApp(archive, ["elasticsearch", "validate", "--full"]);
  while ((await progress()) === 0 && app.child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  app.child.kill("SIGINT");
  const end = await app.end;
  if (end.code === 0) return; // it was faster than the signal
  expect(end).toMatchObject({ code: 130, signal: null });
  expect(end.stdout).toMatch(/interrupted; run the same command again/);
  expect(await runApp(archive, ["elasticsearch", "validate", "--full"])).toMatchObject({ code: 0 });
});

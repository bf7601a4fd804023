import { afterAll, beforeAll, expect, test } from "vitest";
import { type AppProcess, startApp } from "../../support/app-process.ts";
import { countRows, createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { documentsOf } from "./documents.ts";
import { shown, validateOnce } from "./validate-once.ts";

// One archive for all tests, which each leave it as the next expects it.
let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 600, tenants: 1, months: 2 });
  await migrateOnce(archive);
});
afterAll(() => archive.drop());

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

/** Resolves when the program has said this on stderr. */
function said({ child }: AppProcess, text: RegExp): Promise<void> {
  let seen = "";
  return new Promise((resolve, reject) => {
    child.stderr!.on("data", (chunk: string) => void (text.test((seen += chunk)) && resolve()));
    child.once("exit", () => reject(new Error(`It ended before it said ${text}: ${seen}`)));
  });
}

/** Stops a validation once it has compared so many rows. */
async function interrupted(rows: number): Promise<number> {
  const stop = new AbortController();
  let compared = 0;
  const report = await validateOnce(archive, {
    level: "full",
    batchRows: 30,
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
    batchRows: 30,
    progress: { advanced: (_key, count) => void (compared += count) },
  });
  return { report, compared };
}

test("an interrupted validation goes on, keeps what it found, and starts over once it has ended", async () => {
  const rows = await countRows(archive.sql);
  const { rows: ids } = await archive.sql.query<{ id: string }>(
    `(SELECT id::text AS id FROM ${nodes} ORDER BY created_at DESC LIMIT 1) UNION ALL (SELECT id::text FROM ${nodes} ORDER BY created_at LIMIT 1)`,
  );
  for (const { id } of ids) await documentsOf(archive).change(nodes, id, '"title":"', '"title":"!');

  const first = await interrupted(200);
  expect(first).toBeGreaterThanOrEqual(200);
  const second = await interrupted(150);
  expect(second).toBeGreaterThanOrEqual(first + 150);

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
  await interrupted(400);

  const { report, compared } = await rest({ repair: true });

  expect(report).toMatchObject({ status: "match", repaired: 2 });
  expect(compared).toBeLessThan(await countRows(archive.sql));
  expect((await rest()).report).toMatchObject({ status: "match", differences: [] });
});

test("a killed validation goes on where it was; SIGINT ends with exit code 130 and the way to go on", async () => {
  const { rows: last } = await archive.sql.query<{ key: string; rows: number }>(
    `SELECT 'node_executions/' || tenant_id || '/' || to_char(created_at, 'YYYY-MM') AS key, count(*)::int AS rows FROM ${nodes} GROUP BY 1 ORDER BY 1 LIMIT 1`,
  );
  const { key, rows } = last[0]!;
  const all = await countRows(archive.sql);
  const lock = `hashtextextended('log_archive:partition:${key}', 0)`;
  await archive.sql.query(`SELECT pg_advisory_lock(${lock})`); // the last partition has to wait
  try {
    for (const signal of ["SIGKILL", "SIGINT"] as const) {
      const app = startApp(archive, ["elasticsearch", "validate", "--full"]);
      await said(app, /worked on by another run/);
      app.child.kill(signal);
      const end = await app.end;
      expect(await progress()).toBe(all - rows);
      if (signal === "SIGKILL") expect(end.signal).toBe("SIGKILL");
      else {
        expect(end).toMatchObject({ code: 130, signal: null });
        expect(end.stdout).toMatch(/interrupted; run the same command again/);
      }
    }
  } finally {
    await archive.sql.query(`SELECT pg_advisory_unlock(${lock})`);
  }

  const { report, compared } = await rest();

  expect(compared).toBe(rows);
  expect(report.status).toBe("match");
  expect(Object.values(report.byDataType).reduce((sum, { matched }) => sum + matched, 0)).toBe(all);
  const { rows: left } = await archive.sql.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('log_archive') AND relname LIKE 'keys\\_%'",
  );
  expect(left).toEqual([]);
});

test("a write between voids what was compared before the stop", async () => {
  expect(await interrupted(300)).toBeGreaterThan(0);
  await migrateOnce(archive, { restart: true });
  expect(await progress()).toBe(0);
  expect((await rest()).compared).toBe(await countRows(archive.sql));
});

test("rows inserted, and documents left without a row, in the part that was compared before the stop are found", async () => {
  await archive.sql.query("CREATE INDEX ON workflow_node_executions (tenant_id, created_at, id); ANALYZE");
  await interrupted(300);
  const { rows: parts } = await archive.sql.query<{ type: string; at: string }>(
    "SELECT data_type AS type, created_at::text AS at FROM log_archive.validation_progress WHERE data_type = 'node_executions' AND checked > 10 AND NOT finished",
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

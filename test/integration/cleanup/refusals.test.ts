import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../../../src/cli/run-cli.ts";
import { runApp } from "../../support/app-process.ts";
import { cleanupOnce, deletedRows, keptRows } from "../../support/cleanup-archive.ts";
import { archiveMark } from "../../support/index-owner.ts";
import { afterPurge, readAllRows, type Rows } from "../../support/purge-oracle.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { fakeHost } from "../../support/fake-host.ts";

let archive: TestArchive;
let tenantId: string;
let rowsBefore: Rows;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 320, tenants: 2, months: 1 });
  const { rows } = await archive.sql.query<{ id: string }>(
    "SELECT tenant_id::text AS id FROM workflow_runs GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
  );
  tenantId = rows[0]!.id;
  rowsBefore = await readAllRows(archive.sql);
});
afterEach(() => archive.drop());

const command = ["elasticsearch", "cleanup-pg", "--before-date", "2026-01-01"];

async function elasticsearch(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${archive.elasticsearchUrl}/${path}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return answer.json();
}

/** A node execution that nothing but the archive can keep, and the index it lies in. */
async function deletableNode(): Promise<{ id: string; runId: string; index: string }> {
  const { rows } = await archive.sql.query<{ id: string; run: string; month: string }>(
    `SELECT n.id::text AS id, r.id::text AS run, to_char(n.created_at, 'YYYY.MM') AS month FROM workflow_node_executions n
       JOIN workflow_runs r ON r.id = n.workflow_run_id
      WHERE n.tenant_id = $1 AND n.status = 'succeeded' AND r.status = 'succeeded' AND r.type = 'workflow'
        AND NOT EXISTS (SELECT FROM workflow_trigger_logs t WHERE t.workflow_run_id = r.id) ORDER BY n.id LIMIT 1`,
    [tenantId],
  );
  const { id, run, month } = rows[0]!;
  return { id, runId: run, index: `${archive.prefix}-workflow-node-executions-${tenantId}-${month}` };
}

test("without migrate nothing is deleted, and the exit code says so; a dry run makes no tables", async () => {
  const dry = await runApp(archive, [...command, "--tenant-id", tenantId, "--dry-run", "--json"]);
  expect(dry).toMatchObject({ code: 3 });
  const { rows } = await archive.sql.query("SELECT to_regnamespace('log_archive') AS made");
  expect(rows).toEqual([{ made: null }]);

  const end = await runApp(archive, [...command, "--tenant-id", tenantId, "--yes", "--allow-unreplicated", "--json"]);

  expect(end).toMatchObject({ code: 3, stderr: expect.not.stringMatching(/Error/) });
  const report = JSON.parse(end.stdout) as { byTable: Record<string, { rows: number; deleted: number; kept: object }> };
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"]) {
    const { rows: count, deleted, kept } = report.byTable[table]!;
    expect(deleted).toBe(0);
    expect(kept).toEqual({ not_migrated: count });
    expect(JSON.parse(dry.stdout)).toMatchObject({ byTable: { [table]: { rows: count, kept } } });
  }
  expect((await afterPurge(archive.sql, archive, rowsBefore)).gone.get("workflow_runs")!.size).toBe(0);
});

test("the guide's own sequence deletes what is archived, but not without the word for a single copy", async () => {
  expect(await runApp(archive, ["elasticsearch", "migrate", "--tenant-id", tenantId])).toMatchObject({ code: 0 });

  const dry = await runApp(archive, [...command, "--tenant-id", tenantId, "--dry-run", "--allow-unreplicated"]);
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/would be deleted[^]*CREATE INDEX CONCURRENTLY[^]*SUCCESS/),
  });

  const unasked = await runApp(archive, [...command, "--tenant-id", tenantId]);
  expect(unasked).toMatchObject({ code: 2, stderr: expect.stringMatching(/no terminal/) });

  const single = await runApp(archive, [...command, "--tenant-id", tenantId, "--yes", "--json"]);
  expect(single).toMatchObject({ code: 3 });
  const { byTable } = JSON.parse(single.stdout) as { byTable: Record<string, { rows: number; kept: object }> };
  expect(byTable["workflow_runs"]!.kept).toEqual({ unreplicated: byTable["workflow_runs"]!.rows });
  expect((await afterPurge(archive.sql, archive, rowsBefore)).gone.get("workflow_runs")!.size).toBe(0);

  const purged = await runApp(archive, [...command, "--tenant-id", tenantId, "--yes", "--allow-unreplicated"]);
  expect(purged).toMatchObject({ code: 0, stdout: expect.stringMatching(/VACUUM[^]*SUCCESS/) });
  const { gone, problems } = await afterPurge(archive.sql, archive, rowsBefore);
  expect(problems).toEqual([]);
  expect(gone.get("workflow_runs")!.size).toBeGreaterThan(3);
});

/** The command on a terminal where `typed` is answered. */
async function onTerminal(typed: string): Promise<{ code: number; asked: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const env = {
    DATABASE_URL: archive.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([archive.elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
  };
  const host = fakeHost([...command, "--tenant-id", tenantId, "--quiet"], { stdin, env });
  stdin.write(`${typed}\n`);
  return { code: await runCli(host), asked: host.err() };
}

test("on a terminal the tenant id has to be typed, which is also the word for a single copy", async () => {
  await migrateOnce(archive);

  expect(await onTerminal("yes")).toEqual({
    code: 1,
    asked: expect.stringMatching(
      /indices have no assigned replica and are in no snapshot[^]*Type .* to go on[^]*Not confirmed/,
    ),
  });
  expect((await afterPurge(archive.sql, archive, rowsBefore)).gone.get("workflow_runs")!.size).toBe(0);

  expect(await onTerminal(tenantId)).toMatchObject({ code: 0 });
  const { gone, problems } = await afterPurge(archive.sql, archive, rowsBefore);
  expect(problems).toEqual([]);
  expect(gone.get("workflow_runs")!.size).toBeGreaterThan(3);
});

test.each([
  [["--tenant-id", "tenant-123", "--yes"], /uuid/],
  [["--yes"], /--tenant-id/],
  [["--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759", "--before-date", "2024-02-30", "--yes"], /2024-02-30/],
])("wrong options %j end with exit code 2", async (args, message) => {
  expect(await runApp(archive, [...command, ...args])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(message),
  });
});

test("a document with one other character, a deleted one and a record error keep their rows, and the runs these belong to", async () => {
  await migrateOnce(archive);
  const { id, runId, index } = await deletableNode();
  const source = (await elasticsearch("GET", `${index}/_source/${id}`)) as { title: string };
  await elasticsearch("PUT", `${index}/_doc/${id}`, { ...source, title: `${source.title.slice(0, -1)}!` });
  const { rows: logs } = await archive.sql.query<{ id: string; index: string }>(
    "SELECT id::text AS id, to_char(created_at, 'YYYY.MM') AS index FROM workflow_app_logs WHERE tenant_id = $1 AND workflow_run_id <> $2 AND workflow_run_id IN (SELECT id FROM workflow_runs WHERE status = 'succeeded') LIMIT 2",
    [tenantId, runId],
  );
  await elasticsearch(
    "DELETE",
    `${archive.prefix}-workflow-app-logs-${tenantId}-${logs[0]!.index}/_doc/${logs[0]!.id}`,
  );
  await archive.sql.query(
    "INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason) VALUES ('app_logs', $1, $2, '2025-09', 'strict', 'x')",
    [logs[1]!.id, tenantId],
  );

  const report = await cleanupOnce(archive, { tenantId });

  expect(keptRows(report)).toMatchObject({ different: 1, missing: 1, record_error: 1 });
  expect(report.status).toBe("completed_with_findings");
  const { gone, problems } = await afterPurge(archive.sql, archive, rowsBefore);
  expect(problems).toEqual([]);
  expect(gone.get("workflow_node_executions")!.has(id)).toBe(false);
  expect(gone.get("workflow_runs")!.has(runId)).toBe(false);
  for (const log of logs) expect(gone.get("workflow_app_logs")!.has(log.id)).toBe(false);
  expect(deletedRows(report)).toBeGreaterThan(50);
});

test("rows that Elasticsearch refused stay, all others go", async () => {
  const { index, id } = await deletableNode();
  const properties = { title: { type: "object", enabled: false }, archive: { type: "object", enabled: false } };
  await elasticsearch("PUT", index, {
    mappings: { _meta: await archiveMark(archive), dynamic: "strict", properties },
  });
  const migrated = await migrateOnce(archive);
  expect(migrated.status).toBe("completed_with_errors");

  const report = await cleanupOnce(archive, { tenantId });

  const { kept, deleted, rows } = report.byTable["workflow_node_executions"]!;
  expect({ deleted, kept }).toEqual({ deleted: 0, kept: { record_error: rows } });
  expect(report.byTable["workflow_app_logs"]!.deleted).toBeGreaterThan(0);
  const { gone, problems } = await afterPurge(archive.sql, archive, rowsBefore);
  expect(problems).toEqual([]);
  expect(gone.get("workflow_node_executions")!.has(id)).toBe(false);
});

test.each([
  [
    "index_not_durable",
    (index: string) => elasticsearch("PUT", `${index}/_settings`, { "index.translog.durability": "async" }),
  ],
  ["index_missing", (index: string) => elasticsearch("DELETE", index)],
  [
    "index_replaced",
    async (index: string) => {
      await elasticsearch("DELETE", index);
      await elasticsearch("PUT", index);
    },
  ],
  ["index_foreign", (index: string) => elasticsearch("PUT", `${index}/_mapping`, { _meta: { managed_by: "someone" } })],
])("an index that cannot be relied on keeps all rows of its partition: %s", async (reason, spoil) => {
  await migrateOnce(archive);
  const { index } = await deletableNode();
  await spoil(index);

  const report = await cleanupOnce(archive, { tenantId });

  const { rows, deleted, kept } = report.byTable["workflow_node_executions"]!;
  expect({ deleted, kept }).toEqual({ deleted: 0, kept: { [reason]: rows } });
  expect((await afterPurge(archive.sql, archive, rowsBefore)).problems).toEqual([]);
});

test("rows of a partition that retention dropped go only when asked, and the journal says that nothing was compared", async () => {
  await migrateOnce(archive);
  const { index } = await deletableNode();
  await elasticsearch("DELETE", index);
  await archive.sql.query("UPDATE log_archive.partitions SET state = 'expired' WHERE index_name = $1", [index]);

  const unasked = await cleanupOnce(archive, { tenantId });
  const { rows, kept } = unasked.byTable["workflow_node_executions"]!;
  expect(kept).toEqual({ expired: rows });
  expect(unasked.status).toBe("completed_with_findings");

  const asked = await cleanupOnce(archive, { tenantId, expired: true });
  expect(asked.byTable["workflow_node_executions"]!.deleted).toBeGreaterThan(20);
  const { rows: journal } = await archive.sql.query<{ data_type: string; expired: boolean }>(
    "SELECT DISTINCT data_type, expired FROM log_archive.purged_rows WHERE data_type <> 'app_logs' ORDER BY 1",
  );
  expect(journal).toEqual([
    { data_type: "node_executions", expired: true },
    { data_type: "workflow_runs", expired: false },
  ]);
  const { rows: state } = await archive.sql.query("SELECT state FROM log_archive.partitions WHERE index_name = $1", [
    index,
  ]);
  expect(state).toEqual([{ state: "expired" }]);
});

test("where the server does not count what a transaction does, a foreign key that could act ends it before anything is deleted", async () => {
  await migrateOnce(archive);
  await archive.sql.query("CREATE TABLE notes (run_id uuid REFERENCES workflow_runs (id) ON DELETE CASCADE)");
  const uncounted = { ...archive, databaseUrl: `${archive.databaseUrl}?options=-c%20track_counts%3Doff` };
  await expect(cleanupOnce(uncounted, { tenantId })).rejects.toMatchObject({ code: "delete_cascades" });
  await archive.sql.query("DROP TABLE notes");
  expect(await countRows(archive.sql)).toBeGreaterThan(100);
});

test("standbys whose lag is hidden or too large stop the deletes", async () => {
  await migrateOnce(archive);
  await archive.sql.query(
    "CREATE TABLE public.pg_stat_replication (state text, replay_lag interval, replay_lsn pg_lsn); INSERT INTO public.pg_stat_replication VALUES (NULL, NULL, NULL)",
  );
  const shadowed = { ...archive, databaseUrl: `${archive.databaseUrl}?options=-c%20search_path%3Dpublic,pg_catalog` };
  await expect(cleanupOnce(shadowed, { tenantId })).rejects.toMatchObject({ code: "replication_lag_hidden" });
  expect((await afterPurge(archive.sql, archive, rowsBefore)).gone.get("workflow_runs")!.size).toBe(0);

  await archive.sql.query(
    "UPDATE public.pg_stat_replication SET state = 'streaming', replay_lag = '1 hour', replay_lsn = pg_current_wal_lsn()",
  );
  const stop = AbortSignal.timeout(2500);
  const waiting = await cleanupOnce(shadowed, { tenantId, signal: stop });
  expect(waiting.status).toBe("interrupted");
  expect(deletedRows(waiting)).toBe(0);

  await archive.sql.query("UPDATE public.pg_stat_replication SET replay_lag = '1 second'");
  expect(deletedRows(await cleanupOnce(shadowed, { tenantId }))).toBeGreaterThan(50);
});

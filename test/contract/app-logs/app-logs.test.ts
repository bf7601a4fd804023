import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateOnce } from "../../support/test-archive.ts";
import { keepFewMonths } from "../few-months.ts";
import { bringBackRows, purgeRows } from "../purge-rows.ts";
import { createRunsArchive, implementations, type RunsArchive, testId } from "../workflow-runs/runs-archive.ts";
import { listContract } from "./lists.ts";
import {
  busyApp,
  busyLogs,
  dualLogRepository,
  insertAccount,
  insertEndUser,
  insertLogs,
  logRepositories,
  otherTenant,
  tenantId,
} from "./logs-archive.ts";

let archive: RunsArchive;
let repositories: ReturnType<typeof logRepositories>;

beforeAll(async () => {
  archive = await createRunsArchive({ nodeExecutions: 200, hostile: true });
  await keepFewMonths(archive.sql, ["workflow_app_logs"]);
  const sessions = [];
  for (const session of ["session-0", "session-1", "session-2"]) sessions.push(await insertEndUser(archive, session));
  const theirs = await insertEndUser(archive, "session-1", otherTenant);
  const account = await insertAccount(archive, "one@example.com");
  const status = "(array['succeeded', 'failed', 'stopped', 'running'])[n % 4 + 1]";
  const byEndUser = { role: "'end_user'", by: `(array['${sessions.join("', '")}']::uuid[])[n % 3 + 1]` };
  await insertLogs(archive, busyLogs - 1000, {
    ...byEndUser,
    status,
    createdAt: "timestamp '2025-09-10 10:00:00' + n / 7 * interval '1 second'",
  });
  await insertLogs(archive, 1000, {
    status,
    by: `'${account}'`,
    createdAt: "timestamp '2025-08-31 23:55:00' + n / 7 * interval '1 second'",
  });
  await insertLogs(archive, 5, { ...byEndUser, by: `'${theirs}'` }); // another tenant's end user is none
  for (const odd of ["1969-12-31 23:59:59.999999", "1955-01-01", "2262-04-11 23:47:17", "2300-06-01 12:00:00"])
    await insertLogs(archive, 2, { createdAt: `timestamp '${odd}'` });
  const orphans = { createdAt: "timestamp '2025-10-20 10:00:00'", ...byEndUser };
  await insertLogs(archive, 2, { ...orphans, logRun: "gen_random_uuid()", inputs: `'{"q": "orphan"}'` });
  await insertLogs(archive, 1, {
    tenant: `'${otherTenant}'`,
    run: `'${testId("their run")}'`,
    inputs: `'{"q": "orphan"}'`,
  });
  await insertLogs(archive, 1, { ...orphans, logRun: `'${testId("their run")}'` });
  await archive.sql.query(
    `INSERT INTO workflow_trigger_logs (tenant_id, app_id, workflow_id, workflow_run_id, trigger_metadata, trigger_type, trigger_data, inputs, status, queue_name, created_by_role, created_by, retry_count)
     SELECT tenant_id, app_id, workflow_id, id, '{"type": "trigger-webhook"}', 'trigger-webhook', '{}', '{}', 'failed', 'q', 'account', 'x', 0 FROM workflow_runs WHERE status = 'failed' AND app_id = '${busyApp}'`,
  );
  await migrateOnce(archive, { scope: { dataTypes: ["app_logs"] } });
  repositories = logRepositories(archive.connections);
});
afterAll(() => archive.drop());

async function rows(condition: string, table = "workflow_app_logs"): Promise<string[]> {
  const found = await archive.sql.query<{ id: string }>(
    `SELECT l.id::text AS id FROM ${table} l
       LEFT JOIN workflow_runs r ON r.id = l.workflow_run_id AND r.tenant_id = l.tenant_id
       LEFT JOIN end_users e ON l.created_by_role = 'end_user' AND e.id = l.created_by AND e.tenant_id = l.tenant_id
       LEFT JOIN accounts a ON l.created_by_role = 'account' AND a.id = l.created_by
      WHERE l.tenant_id = '${tenantId}' AND l.app_id = '${busyApp}' AND (${condition}) ORDER BY l.created_at DESC, l.id DESC`,
  );
  return found.rows.map(({ id }) => id);
}

describe.each(implementations)("app logs: %s", (implementation) => {
  listContract(() => repositories[implementation], rows);
});

describe("app logs: dual-write, while months are purged, read from PostgreSQL", () => {
  let expected = rows;

  beforeAll(async () => {
    await archive.sql.query("CREATE TABLE all_logs AS SELECT * FROM workflow_app_logs");
    expected = (condition) => rows(condition, "all_logs");
    await archive.setModes({ write: "both", read: "postgres" }, [tenantId, otherTenant]);
    const some = `t.created_at >= '2025-08-01' AND t.created_at < '2025-09-01'
      OR t.created_at >= '2025-09-01' AND t.created_at < '2025-10-01' AND hashtext(t.id::text) % 2 = 0`;
    await purgeRows(archive.sql, "app_logs", "workflow_app_logs", some);
  });
  afterAll(() => bringBackRows(archive.sql, "workflow_app_logs", "all_logs"));
  listContract(
    () => dualLogRepository(archive),
    (condition) => expected(condition),
  );
});

describe("both say the same", () => {
  it("of every app, hostile rows included, with its runs, triggers, end users and accounts", async () => {
    const { rows: apps } = await archive.sql.query<{ tenantId: string; appId: string }>(
      `SELECT DISTINCT tenant_id::text AS "tenantId", app_id::text AS "appId" FROM workflow_app_logs`,
    );
    expect(apps.length).toBeGreaterThan(5);
    const { postgres, elasticsearch } = repositories;
    for (const app of apps)
      for (const page of [1, 2])
        expect(await elasticsearch.getPaginatedAppLogs({ ...app, page, limit: 50 })).toEqual(
          await postgres.getPaginatedAppLogs({ ...app, page, limit: 50 }),
        );
  });
});

describe("Elasticsearch without an index", () => {
  it("has no app logs", async () => {
    const { settings, ...connections } = archive.connections;
    const template = { ...settings.template, prefix: `${archive.prefix}-none` };
    const { elasticsearch } = logRepositories({ ...connections, settings: { ...settings, template } });
    const empty = { page: 1, limit: 20, total: 0, hasMore: false, data: [] };
    expect(await elasticsearch.getPaginatedAppLogs({ tenantId, appId: busyApp })).toEqual(empty);
    expect(await elasticsearch.getAppLogById(tenantId, testId("x"))).toBeUndefined();
  });
});

import type { Connections } from "../../../src/workflow-logs/connections.ts";
import type { AppLog } from "../../../src/workflow-logs/repositories/app-logs/app-log.ts";
import type {
  AppLogPage,
  AppLogRepository,
} from "../../../src/workflow-logs/repositories/app-logs/app-log-repository.ts";
import { DualWriteAppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/dual-write-app-log-repository.ts";
import { ElasticsearchAppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/elasticsearch-app-log-repository.ts";
import { PostgresAppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/postgres-app-log-repository.ts";
import { afterSecondWrites, type Store, type RunsArchive, testId } from "../workflow-runs/runs-archive.ts";

export function logRepositories(connections: Connections): Record<Store, AppLogRepository> {
  return {
    postgres: new PostgresAppLogRepository(connections),
    elasticsearch: new ElasticsearchAppLogRepository(connections),
  };
}

export function dualLogRepository({ dualWrite }: Pick<RunsArchive, "dualWrite">): AppLogRepository {
  return afterSecondWrites<AppLogRepository>(dualWrite, new DualWriteAppLogRepository(dualWrite), /ById$|^save/);
}

export const tenantId = testId("tenant of logs");
export const otherTenant = testId("other tenant of logs");
/** The app with 12,000 logs, seven of one second each, and the one whose logs are found by what their runs say. */
export const busyApp = testId("busy app of logs");
export const busyLogs = 12_000;
export const wordsApp = testId("app of words");

/** Logs in one statement with a run each, in `app`; each value is an SQL expression of the log's number `n`, from 1. */
export async function insertLogs(
  { sql }: Pick<RunsArchive, "sql">,
  count: number,
  values: Partial<
    Record<"tenant" | "app" | "status" | "inputs" | "outputs" | "role" | "by" | "createdAt" | "run" | "logRun", string>
  >,
): Promise<void> {
  const given = {
    tenant: `'${tenantId}'`,
    app: `'${busyApp}'`,
    status: "'succeeded'",
    inputs: "'{}'",
    outputs: "'{}'",
    role: "'account'",
    by: `'${tenantId}'`,
    createdAt: "timestamp '2025-09-10 10:00:00' + n * interval '1 second'",
    run: "gen_random_uuid()",
    logRun: "run",
    ...values,
  };
  await sql.query(
    `WITH logs AS MATERIALIZED (SELECT n, ${given.run}::uuid AS run FROM generate_series(1, ${count}) n),
          runs AS (INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, type, triggered_from, version, inputs, outputs, status, elapsed_time, total_tokens, created_by_role, created_by, created_at)
                   SELECT run, ${given.tenant}::uuid, ${given.app}::uuid, ${given.app}::uuid, 'workflow', 'app-run', '1', ${given.inputs}, ${given.outputs}, ${given.status}, n / 3.0,
                          9007199254740993 + n, ${given.role}, ${given.by}::uuid, ${given.createdAt} FROM logs)
     INSERT INTO workflow_app_logs (id, tenant_id, app_id, workflow_id, workflow_run_id, created_from, created_by_role, created_by, created_at)
     SELECT gen_random_uuid(), ${given.tenant}::uuid, ${given.app}::uuid, ${given.app}::uuid, ${given.logRun}::uuid, 'service-api', ${given.role}, ${given.by}::uuid, ${given.createdAt} FROM logs`,
  );
}

export async function insertEndUser(
  { sql }: Pick<RunsArchive, "sql">,
  sessionId: string,
  tenant = tenantId,
): Promise<string> {
  const id = testId(`end user ${sessionId} of ${tenant}`);
  await sql.query("INSERT INTO end_users (id, tenant_id, type, session_id) VALUES ($1, $2, 'service_api', $3)", [
    id,
    tenant,
    sessionId,
  ]);
  return id;
}

export async function insertAccount({ sql }: Pick<RunsArchive, "sql">, email: string): Promise<string> {
  await sql.query("INSERT INTO accounts (id, name, email) VALUES ($1, 'Somebody', $2)", [testId(email), email]);
  return testId(email);
}

export function newLog(name: string, given: Partial<AppLog> = {}): AppLog {
  return {
    id: testId(name),
    tenantId,
    appId: testId("app of saved logs"),
    workflowId: testId("workflow of saved logs"),
    workflowRunId: testId("run of saved logs"),
    createdFrom: "web-app",
    createdByRole: "end_user",
    createdBy: testId(`end user session of saved logs of ${tenantId}`),
    createdAt: "2025-10-31T23:59:59.000000Z",
    ...given,
  };
}

export function idsOf({ data }: AppLogPage): string[] {
  return data.map(({ id }) => id);
}

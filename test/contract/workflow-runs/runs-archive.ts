import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { createClient } from "../../../src/stores/elasticsearch/client.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { type RolloutModes, saveRollout } from "../../../src/workflow-logs/state/rollouts.ts";
import { upgradeState } from "../../../src/workflow-logs/state/upgrade.ts";
import { type Connections, connectionsOf } from "../../../src/workflow-logs/connections.ts";
import type { ApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/api-workflow-run-repository.ts";
import { DualWrite } from "../../../src/workflow-logs/repositories/dual-write/dual-write.ts";
import { DualWriteApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/dual-write-api-workflow-run-repository.ts";
import { DualWriteWorkflowExecutionRepository } from "../../../src/workflow-logs/repositories/workflow-runs/dual-write-workflow-execution-repository.ts";
import { ElasticsearchApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/elasticsearch-api-workflow-run-repository.ts";
import { ElasticsearchWorkflowExecutionRepository } from "../../../src/workflow-logs/repositories/workflow-runs/elasticsearch-workflow-execution-repository.ts";
import { PostgresApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/postgres-api-workflow-run-repository.ts";
import { PostgresWorkflowExecutionRepository } from "../../../src/workflow-logs/repositories/workflow-runs/postgres-workflow-execution-repository.ts";
import type { WorkflowExecutionRepository } from "../../../src/workflow-logs/repositories/workflow-runs/workflow-execution-repository.ts";
import { testLayout } from "../../support/layout.ts";
import { createTestArchive, type SampleSize, type TestArchive } from "../../support/test-archive.ts";

export const implementations = ["postgres", "elasticsearch"] as const;
export type Store = (typeof implementations)[number];
/** `dual-write`: as the tenants' modes say, the default until `setModes`. */
export type Implementation = Store | "dual-write";

/** What a row says, as plain SQL prints it: the tests work out the right answers from these. */
export interface RunRow {
  id: string;
  tenantId: string;
  appId: string;
  workflowId: string;
  type: string;
  triggeredFrom: string;
  status: string;
  createdBy: string;
  totalTokens: string;
  createdAt: string;
}

export interface RunsArchive extends TestArchive {
  connections: Connections;
  api(implementation: Implementation): ApiWorkflowRunRepository;
  executions(implementation: Implementation): WorkflowExecutionRepository;
  /** All rows, oldest first, of one instant by id. */
  rows(): Promise<RunRow[]>;
  refresh(): Promise<void>;
  /** How many runs an implementation's store has, of any tenant. */
  stored(implementation: Implementation): Promise<number>;
  dualWrite: DualWrite;
  /** The tenants are written and read like this, which the repositories know at once. */
  setModes(modes: RolloutModes, tenantIds: readonly string[]): Promise<void>;
}

export async function createRunsArchive(sample: SampleSize, sourceTimeZone = "UTC"): Promise<RunsArchive> {
  const archive = await createTestArchive(sample);
  const postgres = createPool(archive.databaseUrl);
  const elasticsearch = createClient({
    hosts: [archive.elasticsearchUrl],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 30,
    maxRetries: 3,
  });
  const connections = connectionsOf({
    postgres,
    elasticsearch,
    settings: {
      template: { prefix: archive.prefix, layout: testLayout, shards: 1, replicas: 0, refreshInterval: "30s" },
      searchText: "bounded",
      sourceTimeZone,
      maxRetries: 3,
      retentionDays: 30,
    },
  });
  await upgradeState(connections.state);
  const dualWrite = new DualWrite(connections, { pollMillis: 50 });
  const apis = {
    postgres: new PostgresApiWorkflowRunRepository(connections),
    elasticsearch: new ElasticsearchApiWorkflowRunRepository(connections),
    "dual-write": afterSecondWrites<ApiWorkflowRunRepository>(
      dualWrite,
      new DualWriteApiWorkflowRunRepository(dualWrite),
      /^getWorkflowRunBy/,
    ),
  };
  const executions = {
    postgres: new PostgresWorkflowExecutionRepository(connections),
    elasticsearch: new ElasticsearchWorkflowExecutionRepository(connections),
    "dual-write": new DualWriteWorkflowExecutionRepository(dualWrite),
  };
  return {
    ...archive,
    connections,
    api: (implementation) => apis[implementation],
    executions: (implementation) => executions[implementation],
    rows: () => readRows(archive.sql),
    dualWrite,
    async setModes(modes, tenantIds) {
      for (const tenantId of tenantIds) await saveRollout(connections.state, tenantId, modes, []);
      while ((await dualWrite.modes.of(tenantIds.at(-1)!)).read !== modes.read) await sleep(20);
      while ((await dualWrite.modes.of(tenantIds.at(-1)!)).write !== modes.write) await sleep(20);
    },
    async refresh() {
      await dualWrite.idle();
      await elasticsearch.indices.refresh({ index: `${archive.prefix}-*` });
    },
    async stored(implementation) {
      if (implementation !== "elasticsearch") return (await readRows(archive.sql)).length;
      const index = `${archive.prefix}-*`;
      await elasticsearch.indices.refresh({ index });
      return (await elasticsearch.count({ index })).count;
    },
    async drop() {
      await dualWrite.close();
      await postgres.end();
      await elasticsearch.close();
      await archive.drop();
    },
  };
}

/**
 * Lists in Elasticsearch see second writes when they are written: the contract is about what is there then. What
 * `isById` names does not wait.
 */
export function afterSecondWrites<R extends object>(dualWrite: DualWrite, repository: R, isById: RegExp): R {
  return new Proxy(repository, {
    get(target, name) {
      const method = (Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>).bind(target);
      if (isById.test(String(name))) return method;
      return async (...args: unknown[]) => {
        await dualWrite.idle();
        return method(...args);
      };
    },
  });
}

async function readRows(sql: Client): Promise<RunRow[]> {
  const { rows } = await sql.query<RunRow>(
    `SELECT id::text AS id, tenant_id::text AS "tenantId", app_id::text AS "appId", workflow_id::text AS "workflowId", type,
            triggered_from AS "triggeredFrom", status, created_by::text AS "createdBy", total_tokens::text AS "totalTokens",
            to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "createdAt"
       FROM workflow_runs ORDER BY 10, 1`,
  );
  return rows;
}

export interface CheapRuns {
  tenantId: string;
  appId: string;
  count: number;
  /** An SQL expression of the number `n` of the run, from 1. */
  createdAt: string;
  status?: string;
  totalTokens?: string;
  createdBy?: string;
  triggeredFrom?: string;
  type?: string;
}

/** Runs without payload, in one statement. */
export async function insertCheapRuns(sql: Client, runs: CheapRuns): Promise<void> {
  const {
    status = "(array['succeeded', 'failed', 'stopped', 'partial-succeeded', 'running', 'paused', 'scheduled'])[n % 7 + 1]",
    totalTokens = "n",
    createdBy = "md5('user' || n % 50)::uuid",
    triggeredFrom = "'app-run'",
    type = "'workflow'",
  } = runs;
  await sql.query(
    `INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, type, triggered_from, version, status, total_tokens, created_by_role, created_by, created_at)
     SELECT gen_random_uuid(), $1, $2, $2, ${type}, ${triggeredFrom}, '1', ${status}, ${totalTokens}, 'account', ${createdBy}, ${runs.createdAt}
       FROM generate_series(1, $3::int) n`,
    [runs.tenantId, runs.appId, runs.count],
  );
}

/** A uuid that is the same each time. */
export function testId(name: string): string {
  const hex = createHash("md5").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

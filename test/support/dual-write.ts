import { setTimeout as sleep } from "node:timers/promises";
import type { Client as Sql } from "pg";
import { createClient } from "../../src/stores/elasticsearch/client.ts";
import { createPool } from "../../src/stores/postgres/connection/pool.ts";
import { type RolloutModes, saveRollout } from "../../src/workflow-logs/state/rollouts.ts";
import { upgradeState } from "../../src/workflow-logs/state/upgrade.ts";
import { type ArchiveSettings, type Connections, connectionsOf } from "../../src/workflow-logs/connections.ts";
import { DualWriteAppLogRepository } from "../../src/workflow-logs/repositories/app-logs/dual-write-app-log-repository.ts";
import { DualWrite } from "../../src/workflow-logs/repositories/dual-write/dual-write.ts";
import type { GivenOptions } from "../../src/workflow-logs/repositories/dual-write/options.ts";
import { DualWriteWorkflowNodeExecutionRepository } from "../../src/workflow-logs/repositories/node-executions/dual-write-workflow-node-execution-repository.ts";
import { DualWriteApiWorkflowRunRepository } from "../../src/workflow-logs/repositories/workflow-runs/dual-write-api-workflow-run-repository.ts";
import { DualWriteWorkflowExecutionRepository } from "../../src/workflow-logs/repositories/workflow-runs/dual-write-workflow-execution-repository.ts";
import { testLayout } from "./layout.ts";
import type { Stores } from "./compare-stores.ts";

/** One process of an application on dual-write repositories, with connections of its own. */
export interface TestApplication {
  connections: Connections;
  dualWrite: DualWrite;
  executions: DualWriteWorkflowExecutionRepository;
  nodes: DualWriteWorkflowNodeExecutionRepository;
  logs: DualWriteAppLogRepository;
  runs: DualWriteApiWorkflowRunRepository;
  /** The tenant is written and read like this, and the application knows. */
  setModes(tenantId: string, modes: RolloutModes): Promise<void>;
  /** Without waiting for what is on its way. */
  drop(): Promise<void>;
}

export async function startApplication(
  stores: Stores,
  options: GivenOptions = {},
  settings: Partial<ArchiveSettings> = {},
): Promise<TestApplication> {
  const postgres = createPool(stores.databaseUrl);
  const elasticsearch = createClient({
    hosts: [stores.elasticsearchUrl],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 30,
    maxRetries: settings.maxRetries ?? 0,
  });
  const connections = connectionsOf({
    postgres,
    elasticsearch,
    settings: {
      template: { prefix: stores.prefix, layout: testLayout, shards: 1, replicas: 0, refreshInterval: "30s" },
      searchText: "bounded",
      sourceTimeZone: "UTC",
      maxRetries: 0,
      retentionDays: 30,
      ...settings,
    },
  });
  await upgradeState(connections.state);
  const dualWrite = new DualWrite(connections, { pollMillis: 100, ...options });
  return {
    connections,
    dualWrite,
    executions: new DualWriteWorkflowExecutionRepository(dualWrite),
    nodes: new DualWriteWorkflowNodeExecutionRepository(dualWrite),
    logs: new DualWriteAppLogRepository(dualWrite),
    runs: new DualWriteApiWorkflowRunRepository(dualWrite),
    async setModes(tenantId, modes) {
      await saveRollout(connections.state, tenantId, modes, []);
      for (;;) {
        const { write, read } = await dualWrite.modes.of(tenantId);
        if (write === modes.write && read === modes.read) return;
        await sleep(20);
      }
    },
    async drop() {
      await elasticsearch.close();
      await dualWrite.close();
      await postgres.end();
    },
  };
}

/** Names of the records that wait to be written again, with the operation recorded. */
export async function dirtyRecords(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    "SELECT operation::text || ' ' || data_type || ' ' || record_id AS name FROM log_archive.dirty_rows ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

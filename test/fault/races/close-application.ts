import { createClient } from "../../../src/stores/elasticsearch/client.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { connectionsOf } from "../../../src/workflow-logs/connections.ts";
import { createRepositories } from "../../../src/workflow-logs/repositories/create-repositories.ts";
import { saveRollout } from "../../../src/workflow-logs/state/rollouts.ts";
import { upgradeState } from "../../../src/workflow-logs/state/upgrade.ts";

/** An application that deletes or saves a run while Elasticsearch is away, and ends in good order. */
const [databaseUrl, elasticsearchUrl, prefix, tenantId, runId, what] = process.argv.slice(2);
const postgres = createPool(databaseUrl!);
const connections = connectionsOf({
  postgres,
  elasticsearch: createClient({
    hosts: [elasticsearchUrl!],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 2,
    maxRetries: 0,
  }),
  settings: {
    template: { prefix: prefix!, shards: 1, replicas: 0, refreshInterval: "30s" },
    searchText: "bounded",
    sourceTimeZone: "UTC",
    maxRetries: 0,
    retentionDays: 30,
  },
});
await upgradeState(connections.state);
await saveRollout(connections.state, tenantId!, { write: "both", read: "postgres" }, []);
const dual = { kind: "dual-write" } as const;
const repositories = await createRepositories(
  connections,
  { workflowExecutions: dual, workflowNodeExecutions: dual, apiWorkflowNodeExecutions: dual, apiWorkflowRuns: dual },
  { closeMillis: 12_000 }, // the pool lets its last connection go after 10 s
);
if (what === "a delete") await repositories.apiWorkflowRuns.deleteRunsByIds(tenantId!, [runId!]);
else {
  const run = await repositories.apiWorkflowRuns.getWorkflowRunByIdWithoutTenant(runId!);
  await repositories.workflowExecutions.save(run!);
}
process.stdout.write("closing\n");
await repositories.close();
process.stdout.write("closed\n");
await postgres.end();
await connections.elasticsearch.close();

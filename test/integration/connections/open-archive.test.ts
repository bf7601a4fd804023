import { afterAll, beforeAll, expect, test } from "vitest";
import { openArchive, type OpenArchive, parseConfig } from "../../../src/index.ts";
import { saveRollout } from "../../../src/workflow-logs/state/rollouts.ts";
import { upgradeState } from "../../../src/workflow-logs/state/upgrade.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const tenantId = "33333333-3333-4333-8333-333333333333";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ tenants: 1 });
});
afterAll(() => archive?.drop());

const open = (env: Record<string, string> = {}): Promise<OpenArchive> =>
  openArchive(
    parseConfig({
      DATABASE_URL: archive.databaseUrl,
      ELASTICSEARCH_HOSTS: archive.elasticsearchUrl,
      ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
      ...env,
    }),
  );

test("an archive is open until it is closed, once or at the end of its scope", async () => {
  const { runId } = await insertRun(archive.sql, { tenantId, nodes: 1 });
  let left: OpenArchive;
  {
    await using scoped = await open();
    left = scoped;
    const run = await scoped.repositories.apiWorkflowRuns.getWorkflowRunByIdAndTenantId(tenantId, runId);
    expect(run?.id).toBe(runId);
    expect((await scoped.connections.elasticsearch.cluster.health()).status).toBeDefined();
  }
  await expect(left.connections.postgres.query("select 1")).rejects.toThrow("pool");
  await left.close();
});

test("closing waits for what is on its way to Elasticsearch", async () => {
  const { runId } = await insertRun(archive.sql, { tenantId, nodes: 0 });
  const dual = { API_WORKFLOW_RUN_REPOSITORY: "dual-write", CORE_WORKFLOW_EXECUTION_REPOSITORY: "dual-write" };
  const first = await open();
  await upgradeState(first.connections.state);
  await saveRollout(first.connections.state, tenantId, { write: "both", read: "postgres" }, []);
  await first.close();
  const opened = await open(dual);
  const run = await opened.repositories.apiWorkflowRuns.getWorkflowRunByIdAndTenantId(tenantId, runId);
  await opened.repositories.workflowExecutions.save({ ...run!, status: "stopped" });
  await opened.close();
  const index = `${archive.prefix}-workflow-runs-${tenantId}-${run!.createdAt.slice(0, 7).replace("-", ".")}`;
  const answer = await fetch(`${archive.elasticsearchUrl}/${index}/_doc/${runId}`);
  expect(await answer.json()).toMatchObject({ _source: { status: "stopped" } });
});

test("an archive that cannot be opened leaves nothing open", async () => {
  await expect(open({ API_WORKFLOW_RUN_REPOSITORY: "./nowhere.js#Runs" })).rejects.toMatchObject({
    name: "UsageError",
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archivedDocuments, rawSource } from "../../support/archived-documents.ts";
import { insertOffload } from "../../support/insert-run.ts";
import { migrateOnce } from "../../support/test-archive.ts";
import { keepFewMonths } from "../few-months.ts";
import { bringBackRows, purgeRows } from "../purge-rows.ts";
import { createRunsArchive, implementations, type RunsArchive, testId } from "../workflow-runs/runs-archive.ts";
import { ElasticsearchApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/elasticsearch-api-workflow-node-execution-repository.ts";
import { deleteContract } from "./deletes.ts";
import {
  appId,
  dualNodeRepositories,
  insertNodes,
  longRun,
  longRunNodes,
  mixedRun,
  newNode,
  nodeRepositories,
  otherTenant,
  tenantId,
} from "./nodes-archive.ts";
import { readContract } from "./reads.ts";
import { saveContract } from "./saves.ts";

let archive: RunsArchive;
let repositories: ReturnType<typeof nodeRepositories>;
let offloaded: string;
const offloadedRun = testId("run with offloads");

beforeAll(async () => {
  archive = await createRunsArchive({ nodeExecutions: 150, hostile: true });
  await keepFewMonths(archive.sql, ["workflow_node_executions"]);
  await insertNodes(archive, longRunNodes, {
    workflow_run_id: `'${longRun}'`,
    index: `${longRunNodes} - n + 1`,
    title: `'Node ' || (${longRunNodes} - n + 1)`,
    elapsed_time: `(${longRunNodes} - n + 1) / 3.0`,
    created_at: "timestamp '2025-09-30 23:59:00' + n / 5 * interval '0.040001 seconds'",
    execution_metadata: `case ${longRunNodes} - n + 1 when 1 then '{"iteration_id": "iteration 1", "loop_id": null}' when 2 then '{"iteration_id": "cut'
      when 3 then '[]' when 4 then 'null' when 5 then '' when 6 then '{"iteration_id": 6}' when 7 then '{"loop_id": "loop 7", "total_price": "0.1"}' end`,
  });
  await insertNodes(archive, 9, {
    index: "10 - n",
    finished_at: "case when n % 3 = 0 then null else timestamp '2025-09-11' end",
  });
  await insertNodes(archive, 2, { status: "'paused'" });
  await insertNodes(archive, 2, { triggered_from: "'rag-pipeline-run'" });
  await insertNodes(archive, 2, { app_id: `'${testId("another app")}'` });
  await insertNodes(archive, 3, { tenant_id: `'${otherTenant}'` });
  await insertNodes(archive, 2, { workflow_run_id: "null", triggered_from: "'single-step'", node_id: "'step'" });
  await insertNodes(archive, 4, { node_id: "'tied'", created_at: "timestamp '2025-10-02 01:02:03.000004'" });
  await insertNodes(archive, 2, { node_id: "'paused last'" });
  await insertNodes(archive, 1, { node_id: "'paused last'", status: "'paused'", created_at: "timestamp '2025-10-20'" });
  await insertNodes(archive, 1, { node_id: "'only paused'", status: "'paused'" });
  [offloaded] = (await insertNodes(archive, 1, { workflow_run_id: `'${offloadedRun}'`, node_id: "'offloaded'" })) as [
    string,
  ];
  for (const type of ["inputs", "outputs"]) await insertOffload(archive.sql, tenantId, offloaded, type);
  await migrateOnce(archive, { scope: { dataTypes: ["node_executions"] } });
  repositories = nodeRepositories(archive.connections);
});
afterAll(() => archive.drop());

async function rows(condition: string, order: string, table = "workflow_node_executions"): Promise<string[]> {
  const found = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM ${table} WHERE ${condition} ORDER BY ${order}`,
  );
  return found.rows.map(({ id }) => id);
}

describe.each(implementations)("node executions: %s", (implementation) => {
  readContract(() => repositories[implementation], rows);
});

describe("node executions: dual-write, while months are purged, read from PostgreSQL", () => {
  let ofRows = rows;

  beforeAll(async () => {
    // what is expected is worked out from all rows
    await archive.sql.query("CREATE TABLE all_nodes AS SELECT * FROM workflow_node_executions");
    ofRows = (condition, order) => rows(condition, order, "all_nodes");
    await archive.setModes({ write: "both", read: "postgres" }, [tenantId, otherTenant]);
    const half = "extract(year from t.created_at) = 2025 AND hashtext(t.id::text) % 2 = 0";
    await purgeRows(archive.sql, "node_executions", "workflow_node_executions", half);
  });
  afterAll(() => bringBackRows(archive.sql, "workflow_node_executions", "all_nodes"));
  readContract(
    () => dualNodeRepositories(archive),
    (condition, order) => ofRows(condition, order),
  );
});

describe("both say the same", () => {
  it("of every row, hostile ones included", async () => {
    const { postgres, elasticsearch } = repositories;
    const { rows: runs } = await archive.sql.query<{ tenant: string; app: string; workflow: string; run: string }>(
      `SELECT DISTINCT tenant_id::text AS tenant, app_id::text AS app, workflow_id::text AS workflow, workflow_run_id::text AS run
         FROM workflow_node_executions WHERE workflow_run_id IS NOT NULL AND workflow_run_id <> '${longRun}'`,
    );
    expect(runs.length).toBeGreaterThan(5);
    for (const { tenant, app, workflow, run } of runs) {
      const found = await elasticsearch.api.getExecutionsByWorkflowRun(tenant, app, run);
      expect(found).toEqual(await postgres.api.getExecutionsByWorkflowRun(tenant, app, run));
      const query = {
        tenantId: tenant,
        appId: app,
        workflowId: workflow,
        workflowRunId: run,
        triggeredFrom: "workflow-run",
      };
      expect(await elasticsearch.api.getExecutionSnapshotsByWorkflowRun(query)).toEqual(
        await postgres.api.getExecutionSnapshotsByWorkflowRun(query),
      );
    }
  });
});

describe("an execution saved in Elasticsearch as it is", () => {
  it("has the document that migrate made of its row", async () => {
    const { executions, api } = repositories.elasticsearch;
    let compared = 0;
    for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix)) {
      for (const { index, id, source } of page) {
        if (source["workflow_run_id"] === longRun) continue;
        const document = async () => {
          const [columns, archived] = (await rawSource(archive.elasticsearchUrl, index, id)).split(
            /,"archive":(?=\{"search_text")/,
          );
          const { copied_at: _, ...kept } = JSON.parse(archived!.slice(0, -1)) as Record<string, unknown>;
          return { columns, kept };
        };
        const before = await document();
        await executions.save((await api.getExecutionById(id))!);
        expect(await document()).toEqual(before);
        if (++compared === 120) return;
      }
    }
    expect(compared).toBe(120);
  });
});

describe.each(implementations)("node executions that are written: %s", (implementation) => {
  saveContract(() => repositories[implementation], implementation);
  deleteContract(() => repositories[implementation], implementation);
});

describe.each([
  { write: "both", read: "postgres" },
  { write: "both", read: "elasticsearch" },
  { write: "elasticsearch", read: "elasticsearch" },
] as const)("node executions that are written: dual-write, write $write, read $read", (modes) => {
  const name = `dual-write ${modes.write} ${modes.read}`;
  beforeAll(async () => {
    const tenants = ["tenant that deletes nodes", "tenant that keeps its nodes"].map((tenant) => testId(tenant));
    await archive.setModes(modes, [tenantId, otherTenant, ...tenants]);
  });
  saveContract(() => dualNodeRepositories(archive), name);
  deleteContract(() => dualNodeRepositories(archive), name);
});

describe("offload rows", () => {
  it("stay with an execution that is saved", async () => {
    const document = async () => {
      const source = await rawSource(
        archive.elasticsearchUrl,
        `${archive.prefix}-workflow-node-executions-${tenantId}-2025.09`,
        offloaded,
      );
      return (JSON.parse(source) as { archive: { offloads: unknown } }).archive.offloads;
    };
    const before = await document();
    expect(before).toHaveLength(2);
    for (const implementation of implementations) {
      const { executions, api } = repositories[implementation];
      const execution = (await api.getExecutionById(offloaded))!;
      await executions.save({ ...execution, title: "saved" });
      await executions.saveExecutionData({ ...execution, outputs: "saved" });
      expect(await api.countByRuns(tenantId, [offloadedRun])).toEqual({ nodeExecutions: 1, offloads: 2 });
    }
    expect(await document()).toEqual(before);
  });

  it.each(implementations)("are counted and go with their execution: %s", async (implementation) => {
    await archive.refresh();
    const { api } = repositories[implementation];
    const counts = { nodeExecutions: 1, offloads: 2 };
    expect(await api.countByRuns(tenantId, [offloadedRun, testId("x")])).toEqual(counts);
    expect(await api.deleteByRuns(tenantId, [offloadedRun])).toEqual(counts);
    expect(await api.deleteByRuns(tenantId, [offloadedRun])).toEqual({ nodeExecutions: 0, offloads: 0 });
    expect(await api.getExecutionById(offloaded)).toBeUndefined();
  });

  it("are gone from PostgreSQL, and a schema without them is no obstacle", async () => {
    const { rows: left } = await archive.sql.query(
      "SELECT 1 FROM workflow_node_execution_offload WHERE node_execution_id = $1",
      [offloaded],
    );
    expect(left).toEqual([]);
    await archive.sql.query("ALTER TABLE workflow_node_execution_offload RENAME TO elsewhere");
    const { api } = repositories.postgres;
    expect(await api.countByRuns(otherTenant, [mixedRun])).toEqual({ nodeExecutions: 3, offloads: 0 });
    expect(await api.deleteByRuns(otherTenant, [mixedRun])).toEqual({ nodeExecutions: 3, offloads: 0 });
  });
});

describe("Elasticsearch without an index", () => {
  it("has no node executions", async () => {
    const { settings, ...connections } = archive.connections;
    const template = { ...settings.template, prefix: `${archive.prefix}-none` };
    const { executions, api } = nodeRepositories({ ...connections, settings: { ...settings, template } }).elasticsearch;
    expect(await executions.getByWorkflowRun({ tenantId, workflowRunId: mixedRun })).toEqual([]);
    expect(await api.getNodeLastExecution({ tenantId, appId, workflowId: appId, nodeId: "node" })).toBeUndefined();
    expect(await api.getExecutionById(testId("x"), tenantId)).toBeUndefined();
    expect(await api.getExecutionById(testId("x"))).toBeUndefined();
    expect(await api.deleteExecutionsByApp(tenantId, appId)).toBe(0);
    expect(await api.countByRuns(tenantId, [mixedRun])).toEqual({ nodeExecutions: 0, offloads: 0 });
  });
});

describe("cleanupOldIndices", () => {
  it("sweeps the tenant's old months of node executions, and no one else's", async () => {
    const nodes = new ElasticsearchApiWorkflowNodeExecutionRepository(archive.connections);
    const old = newNode("old node of a swept tenant", { tenantId: testId("swept tenant") });
    const theirs = newNode("old node of a kept tenant", { tenantId: testId("kept tenant") });
    for (const node of [old, theirs]) await repositories.elasticsearch.executions.save(node);
    const { indices } = await nodes.cleanupOldIndices(old.tenantId, 30);
    expect(indices.map(({ dataType, month, action }) => [dataType, month, action])).toEqual([
      ["node_executions", "2025-10", "deleted"],
    ]);
    expect(await nodes.getExecutionById(old.id)).toBeUndefined();
    expect(await nodes.getExecutionById(theirs.id)).toEqual(theirs);
    await expect(nodes.cleanupOldIndices("*", 30)).rejects.toMatchObject({ code: "invalid_tenant_id" });
  });
});

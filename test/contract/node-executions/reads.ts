import { describe, expect, it } from "vitest";
import { wildTenants } from "../workflow-runs/contract.ts";
import { testId } from "../workflow-runs/runs-archive.ts";
import {
  appId,
  idsOf,
  longRun,
  longRunNodes,
  mixedRun,
  type NodeRepositories,
  otherTenant,
  tenantId,
} from "./nodes-archive.ts";

/** What a read should find: the ids of rows that a condition holds for, in an order, both in SQL. */
export type Expected = (condition: string, order: string) => Promise<string[]>;

export function readContract(given: () => NodeRepositories, rows: Expected): void {
  const run = { tenantId, workflowRunId: mixedRun };
  const ofRun = `tenant_id = '${tenantId}' AND workflow_run_id = '${mixedRun}'`;

  describe("getByWorkflowRun", () => {
    it("lists the run's nodes that are not paused, by default those of the workflow's own run", async () => {
      const { executions } = given();
      const shown = `${ofRun} AND status <> 'paused'`;
      const usual = await rows(`${shown} AND triggered_from = 'workflow-run'`, "created_at, id");
      expect(usual.length).toBeGreaterThan(8);
      expect(idsOf(await executions.getByWorkflowRun(run))).toEqual(usual);
      expect(idsOf(await executions.getByWorkflowRun({ ...run, triggeredFrom: "rag-pipeline-run" }))).toEqual(
        await rows(`${shown} AND triggered_from = 'rag-pipeline-run'`, "created_at, id"),
      );
      const ofApp = await rows(
        `${shown} AND triggered_from = 'workflow-run' AND app_id = '${appId}'`,
        "created_at, id",
      );
      expect(ofApp.length).toBeLessThan(usual.length);
      expect(idsOf(await executions.getByWorkflowRun({ ...run, appId }))).toEqual(ofApp);
      expect(await executions.getByWorkflowRun({ tenantId, workflowRunId: testId("no such run") })).toEqual([]);
    });

    it.each([
      [["index"], "asc", "index, created_at, id"],
      [["index"], "desc", "index DESC, created_at DESC, id DESC"],
      [["finishedAt", "index"], "asc", "finished_at NULLS LAST, index, created_at, id"],
      [["finishedAt"], "desc", "finished_at DESC NULLS FIRST, created_at DESC, id DESC"],
      [["elapsedTime"], undefined, "elapsed_time, created_at, id"],
      [["nodeId", "title"], "desc", `node_id COLLATE "C" DESC, title COLLATE "C" DESC, created_at DESC, id DESC`],
    ] as const)("orders by %s %s", async (orderBy, direction, order) => {
      const found = await given().executions.getByWorkflowRun(run, { orderBy, direction });
      const condition = `${ofRun} AND status <> 'paused' AND triggered_from = 'workflow-run'`;
      expect(idsOf(found)).toEqual(await rows(condition, order));
    });
  });

  describe("a run of 12,000 nodes across the border of two months", () => {
    const condition = `workflow_run_id = '${longRun}' AND tenant_id = '${tenantId}'`;

    it("is read whole, each node once, in order", async () => {
      const expected = await rows(condition, "created_at, id");
      expect(expected).toHaveLength(longRunNodes);
      const found = await given().api.getExecutionsByWorkflowRun(tenantId, appId, longRun);
      expect(idsOf(found)).toEqual(expected);
    });

    it("has snapshots by (created_at, index), with the iteration or loop that the metadata name", async () => {
      const query = { tenantId, appId, workflowId: appId, triggeredFrom: "workflow-run", workflowRunId: longRun };
      const found = await given().api.getExecutionSnapshotsByWorkflowRun(query);
      expect(idsOf(found)).toEqual(await rows(condition, "created_at, index, id"));
      const at = (index: number) => found.find((snapshot) => snapshot.index === index)!;
      expect(at(1)).toEqual({
        id: at(1).id,
        nodeExecutionId: null,
        nodeId: "node",
        nodeType: "llm",
        title: "Node 1",
        index: 1,
        status: "succeeded",
        elapsedTime: 1 / 3,
        createdAt: at(1).createdAt,
        finishedAt: "2025-09-10T11:00:00.000000Z",
        iterationId: "iteration 1",
        loopId: null,
      });
      for (const index of [2, 3, 4, 5, 6]) expect(at(index)).toMatchObject({ iterationId: null, loopId: null });
      expect(at(7)).toMatchObject({ iterationId: null, loopId: "loop 7" });
      for (const other of [{ workflowId: testId("x") }, { triggeredFrom: "single-step" }, { appId: testId("x") }])
        expect(await given().api.getExecutionSnapshotsByWorkflowRun({ ...query, ...other })).toEqual([]);
    });
  });

  describe("getNodeLastExecution", () => {
    it("finds the latest that is not paused, of one instant the one with the greatest id", async () => {
      const { api } = given();
      for (const nodeId of ["node", "tied", "paused last"]) {
        const condition = `tenant_id = '${tenantId}' AND app_id = '${appId}' AND workflow_id = '${appId}' AND node_id = '${nodeId}' AND status <> 'paused'`;
        const [last] = await rows(condition, "created_at DESC, id DESC");
        expect(last).toBeDefined();
        expect((await api.getNodeLastExecution({ tenantId, appId, workflowId: appId, nodeId }))?.id).toBe(last);
      }
      const query = { tenantId, appId, workflowId: appId, nodeId: "node" };
      for (const other of [
        { nodeId: "only paused" },
        { nodeId: "" },
        { appId: testId("x") },
        { workflowId: testId("x") },
      ])
        expect(await api.getNodeLastExecution({ ...query, ...other })).toBeUndefined();
    });
  });

  describe("reads by id", () => {
    it("find the execution, of the tenant where one is given", async () => {
      const { api } = given();
      const [id] = await rows(`workflow_run_id IS NULL AND tenant_id = '${tenantId}'`, "id");
      const found = await api.getExecutionById(id!, tenantId);
      expect(found).toMatchObject({ id, tenantId, workflowRunId: null, triggeredFrom: "single-step" });
      expect(await api.getExecutionById(id!)).toEqual(found);
      expect(await api.getExecutionById(id!, otherTenant)).toBeUndefined();
      for (const odd of [testId("none"), "*", "", "../_search", id!.toUpperCase(), "x".repeat(1000)])
        expect(await api.getExecutionById(odd)).toBeUndefined();
    });
  });

  describe("an expired batch", () => {
    it("has the oldest before the date, whatever their status", async () => {
      const { api } = given();
      const condition = `tenant_id = '${tenantId}' AND created_at < '2025-09-10 10:00:03'`;
      const expected = await rows(condition, "created_at, id");
      expect(expected.length).toBeGreaterThan(5);
      expect(idsOf(await api.getExpiredExecutionsBatch(tenantId, "2025-09-10T12:00:03+02:00"))).toEqual(expected);
      expect(idsOf(await api.getExpiredExecutionsBatch(tenantId, "2025-09-10T10:00:03Z", 4))).toEqual(
        expected.slice(0, 4),
      );
      await expect(api.getExpiredExecutionsBatch(tenantId, "yesterday")).rejects.toMatchObject({
        code: "invalid_time",
      });
    });
  });

  describe("a tenant id that is none", () => {
    it("has no node executions, in any read", async () => {
      const { api, executions } = given();
      const [id] = await rows(ofRun, "id");
      for (const wild of wildTenants(tenantId)) {
        expect(await executions.getByWorkflowRun({ tenantId: wild, workflowRunId: mixedRun }), wild).toEqual([]);
        expect(await api.getExecutionsByWorkflowRun(wild, appId, mixedRun)).toEqual([]);
        const node = { tenantId: wild, appId, workflowId: appId };
        expect(await api.getNodeLastExecution({ ...node, nodeId: "node" })).toBeUndefined();
        const snapshots = { ...node, triggeredFrom: "workflow-run", workflowRunId: mixedRun };
        expect(await api.getExecutionSnapshotsByWorkflowRun(snapshots)).toEqual([]);
        expect(await api.getExecutionById(id!, wild)).toBeUndefined();
        expect(await api.getExpiredExecutionsBatch(wild, "2100-01-01T00:00:00Z")).toEqual([]);
        expect(await api.countByRuns(wild, [mixedRun])).toEqual({ nodeExecutions: 0, offloads: 0 });
      }
    });
  });
}

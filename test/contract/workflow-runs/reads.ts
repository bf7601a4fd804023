import { describe, expect, it } from "vitest";
import { busy, clocks, type Given, wildTenants } from "./contract.ts";
import { testId } from "./runs-archive.ts";

export function readContract(given: () => Given): void {
  describe("reads by id", () => {
    it("find the run of the tenant and of its app, and no one else's", async () => {
      const { api, rows } = given();
      const run = rows.find(({ tenantId }) => tenantId !== busy.tenantId)!;
      const found = await api.getWorkflowRunById(run.tenantId, run.appId, run.id);
      expect(found).toMatchObject({ id: run.id, createdAt: run.createdAt, totalTokens: BigInt(run.totalTokens) });
      expect(await api.getWorkflowRunByIdAndTenantId(run.tenantId, run.id)).toEqual(found);
      expect(await api.getWorkflowRunByIdWithoutTenant(run.id)).toEqual(found);
      expect(await api.getWorkflowRunById(run.tenantId, testId("other app"), run.id)).toBeUndefined();
      expect(await api.getWorkflowRunById(busy.tenantId, run.appId, run.id)).toBeUndefined();
      expect(await api.getWorkflowRunByIdAndTenantId(busy.tenantId, run.id)).toBeUndefined();
    });

    it("find nothing for an id that is none", async () => {
      const { api, rows } = given();
      const { id } = rows[0]!;
      for (const runId of [
        testId("no such run"),
        "*",
        "",
        id.toUpperCase(),
        `${id},${id}`,
        "../_search",
        "x".repeat(1000),
      ]) {
        expect(await api.getWorkflowRunById(busy.tenantId, busy.appId, runId)).toBeUndefined();
        expect(await api.getWorkflowRunByIdWithoutTenant(runId)).toBeUndefined();
      }
    });
  });

  describe("getWorkflowRunsCount", () => {
    it("counts exactly, each status by its name and every other in the total", async () => {
      const { api, rows } = given();
      for (const app of [busy, clocks]) {
        const runs = rows.filter((row) => row.appId === app.appId && row.triggeredFrom === "app-run");
        const count = (status: string): number => runs.filter((row) => row.status === status).length;
        expect(await api.getWorkflowRunsCount({ ...app, triggeredFrom: "app-run" })).toEqual({
          total: runs.length,
          running: count("running"),
          succeeded: count("succeeded"),
          failed: count("failed"),
          stopped: count("stopped"),
          "partial-succeeded": count("partial-succeeded"),
        });
        const none = { running: 0, succeeded: 0, failed: 0, stopped: 0, "partial-succeeded": 0 };
        const failed = await api.getWorkflowRunsCount({ ...app, triggeredFrom: "app-run", status: "failed" });
        expect(failed).toEqual({ ...none, total: count("failed"), failed: count("failed") });
        const paused = await api.getWorkflowRunsCount({ ...app, triggeredFrom: "app-run", status: "paused" });
        expect(paused).toEqual({ ...none, total: count("paused") });
      }
    });

    it("counts what was created within the time range, and everything when it is none", async () => {
      const { api, rows } = given();
      const runs = rows.filter((row) => row.appId === clocks.appId && row.triggeredFrom === "app-run");
      const since = (millis: number): number =>
        runs.filter((row) => row.createdAt >= new Date(Date.now() - millis).toISOString()).length;
      const day = 86_400_000;
      const ranges: [string, () => number][] = [
        ["7d", () => since(7 * day)],
        ["4h", () => since(day / 6)],
        ["30m", () => since(day / 48)],
        ["30s", () => since(30_000)],
        ["99999d", () => since(99_999 * day)],
        ...["99999999999999999999d", "7 d", "d", "1w", "-1d", ""].map((all): [string, () => number] => [
          all,
          () => runs.length,
        ]),
      ];
      expect(new Set(ranges.slice(0, 6).map(([, count]) => count())).size).toBeGreaterThan(4);
      for (const [timeRange, count] of ranges) {
        const before = count();
        const { total } = await api.getWorkflowRunsCount({ ...clocks, triggeredFrom: "app-run", timeRange });
        // time goes on while it is asked
        expect(total, timeRange).toBeLessThanOrEqual(before);
        expect(total, timeRange).toBeGreaterThanOrEqual(count());
      }
    });
  });

  describe("a tenant id that is none", () => {
    it("has no runs, in any read", async () => {
      const { api, rows } = given();
      const { id } = rows.find((row) => row.appId === busy.appId)!;
      for (const tenantId of wildTenants(busy.tenantId)) {
        const query = { tenantId, appId: busy.appId, triggeredFrom: "app-run" };
        expect(await api.getPaginatedWorkflowRuns(query), tenantId).toMatchObject({ data: [], hasMore: false });
        expect(await api.getWorkflowRunById(tenantId, busy.appId, id)).toBeUndefined();
        expect(await api.getWorkflowRunByIdAndTenantId(tenantId, id)).toBeUndefined();
        expect(await api.getWorkflowRunsCount(query)).toMatchObject({ total: 0, failed: 0 });
        expect(await api.getExpiredRunsBatch(tenantId, "2100-01-01T00:00:00Z")).toEqual([]);
        const batch = { endBefore: "2100-01-01T00:00:00Z", batchSize: 10 };
        expect(await api.getRunsBatchByTimeRange({ ...batch, tenantIds: [tenantId] })).toEqual([]);
        expect(await api.getDailyRunsStatistics(query)).toEqual([]);
        expect(await api.getDailyTerminalsStatistics(query)).toEqual([]);
        expect(await api.getDailyTokenCostStatistics(query)).toEqual([]);
        expect(await api.getAverageAppInteractionStatistics(query)).toEqual([]);
      }
    });
  });
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateOnce } from "../../support/test-archive.ts";
import { idsOf } from "./contract.ts";
import { createRunsArchive, implementations, insertCheapRuns, type RunsArchive, testId } from "./runs-archive.ts";
import { newRun } from "./saves.ts";

const appId = testId("app of all");
const tenants = ["acme", "acme-eu", "acme-eu-2025", "acme_eu"];
const times = { endBefore: "2100-01-01T00:00:00Z", batchSize: 1000 };

let archive: RunsArchive;

beforeAll(async () => {
  archive = await createRunsArchive({});
  await archive.sql.query('ALTER TABLE workflow_runs ALTER COLUMN tenant_id TYPE text COLLATE "C"');
});
afterAll(() => archive.drop());

/** Not every platform's tenants are uuids: then the id of one can be the beginning of another's. */
describe("tenants called acme, acme-eu and acme-eu-2025", () => {
  it("have no runs while there is no index", async () => {
    const api = archive.api("elasticsearch");
    const query = { tenantId: "acme", appId, triggeredFrom: "app-run" };
    expect(await api.getPaginatedWorkflowRuns(query)).toEqual({ data: [], limit: 20, hasMore: false });
    expect(await api.getWorkflowRunsCount(query)).toMatchObject({ total: 0 });
    expect(await api.getWorkflowRunByIdWithoutTenant(testId("run"))).toBeUndefined();
    expect(await api.getRunsBatchByTimeRange(times)).toEqual([]);
    expect(await api.getAverageAppInteractionStatistics(query)).toEqual([]);
    expect(await api.deleteRunsByIds("acme", [testId("run")])).toBe(0);
    expect(await api.deleteRunsByApp("acme", appId)).toBe(0);
  });

  it("see and delete nothing of each other, in either store", async () => {
    for (const tenantId of tenants) {
      await insertCheapRuns(archive.sql, {
        tenantId,
        appId,
        count: 9,
        createdAt: "timestamp '2025-11-29' + n * interval '1 day'",
      });
    }
    await migrateOnce(archive, { scope: { dataTypes: ["workflow_runs"] } });
    const rows = await archive.rows();
    for (const implementation of implementations) {
      const api = archive.api(implementation);
      for (const tenantId of tenants) {
        const own = idsOf(rows.filter((row) => row.tenantId === tenantId));
        const query = { tenantId, appId, triggeredFrom: "app-run" };
        expect(idsOf((await api.getPaginatedWorkflowRuns(query)).data)).toEqual(own.toReversed());
        expect(await api.getWorkflowRunsCount(query)).toMatchObject({ total: 9 });
        expect(idsOf(await api.getExpiredRunsBatch(tenantId, times.endBefore))).toEqual(own);
        expect((await api.getDailyRunsStatistics(query)).map(({ runs }) => runs)).toEqual(Array(9).fill(1));
        for (const { id } of rows.filter((row) => row.tenantId !== tenantId)) {
          expect(await api.getWorkflowRunByIdAndTenantId(tenantId, id)).toBeUndefined();
        }
      }
      const prefixed = await api.getRunsBatchByTimeRange({ ...times, tenantPrefixes: ["acme-"] });
      expect(new Set(prefixed.map((run) => run.tenantId))).toEqual(new Set(["acme-eu", "acme-eu-2025"]));
      expect(await api.deleteRunsByIds("acme", idsOf(rows))).toBe(9);
      expect(await api.deleteRunsByApp("acme-eu", appId, 2)).toBe(9);
      for (const wild of ["*", "acme-*", "acme,acme_eu", "../acme_eu", "ACME_EU", "acme-eu-2025*"]) {
        await expect(api.deleteRunsByIds(wild, idsOf(rows))).rejects.toMatchObject({ code: "invalid_tenant_id" });
        await expect(api.deleteRunsByApp(wild, appId)).rejects.toMatchObject({ code: "invalid_tenant_id" });
        await expect(archive.executions(implementation).save(newRun({ tenantId: wild }))).rejects.toMatchObject({
          code: "invalid_tenant_id",
        });
      }
      expect(await archive.stored(implementation)).toBe(18);
    }
  });
});

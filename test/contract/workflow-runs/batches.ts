import { describe, expect, it } from "vitest";
import type { RunBatchQuery } from "../../../src/workflow-logs/repositories/workflow-runs/api-workflow-run-repository.ts";
import { busy, clocks, type Given, idsOf } from "./contract.ts";
import type { RunRow } from "./runs-archive.ts";
import { testId } from "./runs-archive.ts";

const ended = new Set(["succeeded", "failed", "partial-succeeded", "stopped"]);
const never = "9999-01-01T00:00:00Z";

export function batchContract(given: () => Given): void {
  describe("getRunsBatchByTimeRange", () => {
    it("walks the ended runs of all tenants in the order (created_at, id), each once", async () => {
      const { rows } = given();
      const walked = await walk({ endBefore: never, batchSize: 1500 });
      expect(walked).toEqual(idsOf(rows.filter(({ status }) => ended.has(status))));
    });

    it("takes what is created from the start on and before the end", async () => {
      const { rows } = given();
      const all = rows.filter((row) => ended.has(row.status) && row.tenantId === busy.tenantId);
      const bounds = [all[0]!, all[5]!, all[700]!, all[701]!, all.at(-3)!, all.at(-1)!].map((row) => row.createdAt);
      for (const startFrom of [undefined, ...bounds]) {
        for (const endBefore of bounds) {
          const query = { startFrom, endBefore, batchSize: 20, tenantIds: [busy.tenantId] };
          const expected = all.filter(
            (row) => (startFrom === undefined || row.createdAt >= startFrom) && row.createdAt < endBefore,
          );
          const found = await given().api.getRunsBatchByTimeRange(query);
          expect(idsOf(found), `${startFrom} ${endBefore}`).toEqual(idsOf(expected.slice(0, 20)));
        }
      }
    });

    it("filters by type, tenant, beginning of the tenant, workflow and shard; an empty list matches nothing", async () => {
      const { rows } = given();
      const other = rows.find((row) => row.tenantId !== busy.tenantId && ended.has(row.status))!;
      const cases: [Partial<RunBatchQuery>, (row: RunRow) => boolean][] = [
        [{ runTypes: ["chat"] }, (row) => row.type === "chat"],
        [{ runTypes: ["chat", "workflow"] }, (row) => ["chat", "workflow"].includes(row.type)],
        [{ tenantIds: [other.tenantId] }, (row) => row.tenantId === other.tenantId],
        [{ tenantIds: ["*", other.tenantId] }, (row) => row.tenantId === other.tenantId],
        [
          { tenantPrefixes: [other.tenantId.slice(0, 3)] },
          (row) => row.tenantId.startsWith(other.tenantId.slice(0, 3)),
        ],
        [{ tenantPrefixes: ["*", "%", "_"] }, () => false],
        [{ tenantPrefixes: [""] }, () => true],
        [{ workflowIds: [clocks.appId, testId("none"), "*"] }, (row) => row.workflowId === clocks.appId],
        [{ shard: { index: 0, total: 1 } }, () => true],
        [{ shard: { index: 2, total: 3 } }, (row) => Number.parseInt(row.id.at(-1)!, 16) % 3 === 2],
        [{ shard: { index: 15, total: 16 } }, (row) => row.id.endsWith("f")],
        [{ runTypes: [] }, () => false],
        [{ tenantIds: [] }, () => false],
        [{ tenantPrefixes: [] }, () => false],
        [{ workflowIds: [] }, () => false],
      ];
      for (const [query, holds] of cases) {
        const found = await given().api.getRunsBatchByTimeRange({ endBefore: never, batchSize: 50, ...query });
        const expected = rows.filter((row) => ended.has(row.status) && holds(row));
        expect(idsOf(found), JSON.stringify(query)).toEqual(idsOf(expected.slice(0, 50)));
      }
    });

    it("refuses a shard, a size and a time that are none", async () => {
      const { api } = given();
      const query = { endBefore: never, batchSize: 1 };
      for (const shard of [
        { index: 1, total: 1 },
        { index: 0, total: 17 },
        { index: -1, total: 2 },
        { index: 0, total: 0 },
      ]) {
        await expect(api.getRunsBatchByTimeRange({ ...query, shard })).rejects.toMatchObject({ code: "invalid_shard" });
      }
      await expect(api.getRunsBatchByTimeRange({ ...query, batchSize: 0 })).rejects.toMatchObject({
        code: "invalid_limit",
      });
      for (const endBefore of ["", "yesterday", "2025-01-01", "2025-13-01T00:00:00Z", "2025-01-01T00:00:00"]) {
        await expect(api.getRunsBatchByTimeRange({ ...query, endBefore })).rejects.toMatchObject({
          code: "invalid_time",
        });
      }
    });

    async function walk(query: RunBatchQuery): Promise<string[]> {
      const ids: string[] = [];
      for (let lastSeen: RunBatchQuery["lastSeen"]; ;) {
        const batch = await given().api.getRunsBatchByTimeRange({ ...query, lastSeen });
        ids.push(...idsOf(batch));
        lastSeen = batch.at(-1);
        if (lastSeen === undefined) return ids;
      }
    }
  });

  describe("getExpiredRunsBatch", () => {
    it("gives the tenant's oldest runs before the date, whatever their status", async () => {
      const { api, rows } = given();
      const all = rows.filter((row) => row.tenantId === busy.tenantId);
      const before = all[900]!.createdAt;
      const expected = all.filter((row) => row.createdAt < before);
      expect(idsOf(await api.getExpiredRunsBatch(busy.tenantId, before))).toEqual(idsOf(expected));
      expect(idsOf(await api.getExpiredRunsBatch(busy.tenantId, before, 3))).toEqual(idsOf(expected.slice(0, 3)));
      expect(await api.getExpiredRunsBatch(busy.tenantId, "1900-01-01T00:00:00Z")).toEqual([]);
      expect(await api.getExpiredRunsBatch(testId("no such tenant"), before)).toEqual([]);
    });
  });
}

import { describe, expect, it } from "vitest";
import { wildTenants } from "./contract.ts";
import { newRun } from "./saves.ts";
import { type Implementation, type RunsArchive, testId } from "./runs-archive.ts";

const mine = testId("deleting tenant");
const theirs = testId("other deleting tenant");
const appId = testId("shared app");

export function deleteContract(archive: () => RunsArchive, implementation: Implementation): void {
  const api = () => archive().api(implementation);

  /** Two runs in each of two months for either tenant, in an app of the same id. */
  async function saveRuns(): Promise<{ mine: string[]; theirs: string[] }> {
    const ids = { mine: [] as string[], theirs: [] as string[] };
    for (const createdAt of ["2025-03-01T00:00:00.000001Z", "2025-04-01T00:00:00.000001Z"]) {
      for (const run of [newRun({ appId, createdAt, tenantId: mine }), newRun({ appId, createdAt, tenantId: mine })]) {
        await archive().executions(implementation).save(run);
        ids.mine.push(run.id);
        const other = newRun({ appId, createdAt, tenantId: theirs });
        await archive().executions(implementation).save(other);
        ids.theirs.push(other.id);
      }
    }
    return ids;
  }

  async function left(tenantId: string, ids: readonly string[]): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => api().getWorkflowRunById(tenantId, appId, id)));
    return found.flatMap((run) => run?.id ?? []);
  }

  describe("deleteRunsByIds", () => {
    it("deletes the tenant's runs in every month, counts each once, and leaves those of others alone", async () => {
      const ids = await saveRuns();
      const some = [...ids.mine.slice(0, 3), ids.mine[0]!, ...ids.theirs, testId("none"), "*", "", "x".repeat(600)];
      expect(await api().deleteRunsByIds(mine, some)).toBe(3);
      expect(await api().deleteRunsByIds(mine, some)).toBe(0);
      expect(await api().deleteRunsByIds(mine, [])).toBe(0);
      expect(await left(mine, ids.mine)).toEqual(ids.mine.slice(3));
      expect(await left(theirs, ids.theirs)).toEqual(ids.theirs);
      expect(await api().deleteRunsByIds(theirs, ids.theirs)).toBe(4);
      await api().deleteRunsByIds(mine, ids.mine);
    });
  });

  describe("deleteRunsByApp", () => {
    it("deletes all runs of the tenant's app, also those saved just now, in batches of any size", async () => {
      for (const batchSize of [1, 3, undefined]) {
        const ids = await saveRuns();
        const [first] = ids.mine;
        await archive()
          .executions(implementation)
          .save(newRun({ tenantId: mine, appId: testId("other app") }));
        expect(await api().deleteRunsByApp(mine, appId, batchSize)).toBe(4);
        expect(await left(mine, ids.mine)).toEqual([]);
        expect(await left(theirs, ids.theirs)).toEqual(ids.theirs);
        expect(await api().getWorkflowRunByIdWithoutTenant(first!)).toBeUndefined();
        expect(await api().deleteRunsByApp(theirs, appId)).toBe(4);
      }
      const others = await api().getExpiredRunsBatch(mine, "2100-01-01T00:00:00Z");
      expect(others.map((run) => run.appId)).toEqual(Array(3).fill(testId("other app")));
      expect(await api().deleteRunsByApp(mine, testId("other app"))).toBe(3);
    });
  });

  describe("an expired batch", () => {
    it("does not come again after its runs were deleted", async () => {
      const ids = await saveRuns();
      const seen: string[] = [];
      for (;;) {
        const batch = await api().getExpiredRunsBatch(theirs, "2100-01-01T00:00:00Z", 3);
        if (batch.length === 0) break;
        seen.push(...batch.map(({ id }) => id));
        expect(
          await api().deleteRunsByIds(
            theirs,
            batch.map(({ id }) => id),
          ),
        ).toBe(batch.length);
      }
      expect(seen.toSorted()).toEqual(ids.theirs.toSorted());
      await api().deleteRunsByApp(mine, appId);
    });
  });

  describe("a delete for a tenant id that is none", () => {
    it("is refused or finds nothing, and deletes nothing", async () => {
      const ids = await saveRuns();
      for (const wild of wildTenants(mine)) {
        for (const deleting of [api().deleteRunsByIds(wild, ids.mine), api().deleteRunsByApp(wild, appId)]) {
          expect(await deleting.catch((error: { code: string }) => error.code)).toBeOneOf([0, "invalid_tenant_id"]);
        }
      }
      expect(await left(mine, ids.mine)).toEqual(ids.mine);
      await api().deleteRunsByApp(mine, appId);
      await api().deleteRunsByApp(theirs, appId);
    });
  });
}

import { describe, expect, it } from "vitest";
import type { RunListQuery } from "../../../src/workflow-logs/repositories/workflow-runs/api-workflow-run-repository.ts";
import { busy, clocks, type Given, idsOf, newestFirst } from "./contract.ts";
import type { RunRow } from "./runs-archive.ts";
import { testId } from "./runs-archive.ts";

export function listContract(given: () => Given): void {
  describe("getPaginatedWorkflowRuns", () => {
    const busyList = { ...busy, triggeredFrom: "app-run" };

    it("pages through every run once, newest first, past ties and beyond 10,000", async () => {
      const { api, rows } = given();
      const expected = newestFirst(rows.filter((row) => isListed(row, busyList)));
      expect(expected.length).toBeGreaterThan(10_500);
      expect(await allPages({ ...busyList, limit: 997 })).toEqual(idsOf(expected));
      const deep = expected[10_100]!;
      const { data, hasMore } = await api.getPaginatedWorkflowRuns({ ...busyList, limit: 3, lastId: deep.id });
      expect(idsOf(data)).toEqual(idsOf(expected.slice(10_101, 10_104)));
      expect(hasMore).toBe(true);
    });

    it("goes on inside a group of runs of one instant", async () => {
      const { rows } = given();
      const instants = Map.groupBy(
        rows.filter((row) => isListed(row, busyList)),
        (row) => row.createdAt,
      );
      expect(Math.max(...Array.from(instants.values(), (runs) => runs.length))).toBe(busy.ties);
      const expected = newestFirst(rows.filter((row) => isListed(row, busyList))).slice(0, 40);
      expect((await somePages({ ...busyList, limit: 2 }, 20)).flat()).toEqual(idsOf(expected));
    });

    it("keeps its order where created_at is before 1970 or after 2262", async () => {
      const { rows } = given();
      const odd = { ...clocks, triggeredFrom: ["app-run", "debugging"] };
      const expected = newestFirst(rows.filter((row) => isListed(row, odd)));
      expect(expected[0]!.createdAt > "2262-05").toBe(true);
      expect(expected.at(-1)!.createdAt < "1970").toBe(true);
      expect(await allPages({ ...odd, limit: 1000 })).toEqual(idsOf(expected));
      const ends = [...expected.slice(0, 6), ...expected.slice(-6)];
      for (const { id } of ends) {
        const { data } = await given().api.getPaginatedWorkflowRuns({ ...odd, limit: 4, lastId: id });
        const at = idsOf(expected).indexOf(id);
        expect(idsOf(data)).toEqual(idsOf(expected.slice(at + 1, at + 5)));
      }
    });

    it("filters by status and by one or several triggers", async () => {
      const { rows } = given();
      const queries: Partial<RunListQuery>[] = [
        { status: "failed" },
        { status: "partial-succeeded" },
        { status: "no such status" },
        { triggeredFrom: ["debugging", "app-run"], status: "running" },
        { triggeredFrom: [] },
        { triggeredFrom: "debug" },
        { appId: testId("no such app") },
        { appId: "*" },
      ];
      for (const part of queries) {
        const filtered = { ...clocks, triggeredFrom: "app-run", ...part };
        const expected = newestFirst(rows.filter((row) => isListed(row, filtered)));
        expect(await allPages({ ...filtered, limit: 50 }), JSON.stringify(part)).toEqual(idsOf(expected));
      }
    });

    it("says whether there is more, also when the page ends with the last run", async () => {
      const { api, rows } = given();
      const filtered = { ...clocks, triggeredFrom: "debugging" };
      const total = rows.filter((row) => isListed(row, filtered)).length;
      expect(total).toBeGreaterThan(2);
      expect((await api.getPaginatedWorkflowRuns({ ...filtered, limit: total })).hasMore).toBe(false);
      expect((await api.getPaginatedWorkflowRuns({ ...filtered, limit: total - 1 })).hasMore).toBe(true);
      expect((await api.getPaginatedWorkflowRuns(filtered)).limit).toBe(20);
    });

    it("refuses a cursor that is not in the list, and a limit that is none", async () => {
      const { api, rows } = given();
      const elsewhere = rows.find((row) => row.tenantId !== busy.tenantId)!;
      const otherApp = rows.find((row) => isListed(row, { ...clocks, triggeredFrom: "app-run" }))!;
      const otherStatus = rows.find((row) => isListed(row, busyList) && row.status !== "failed")!;
      for (const lastId of [testId("no such run"), "*", "", elsewhere.id, otherApp.id, otherStatus.id]) {
        const asked = api.getPaginatedWorkflowRuns({ ...busyList, status: "failed", lastId });
        await expect(asked, lastId).rejects.toMatchObject({ code: "unknown_last_id" });
      }
      for (const limit of [0, -1, 1.5, Number.NaN, 1001]) {
        await expect(api.getPaginatedWorkflowRuns({ ...busyList, limit })).rejects.toMatchObject({
          code: "invalid_limit",
        });
      }
    });

    async function somePages(query: RunListQuery, count: number): Promise<string[][]> {
      const pages: string[][] = [];
      for (let lastId: string | undefined; pages.length < count;) {
        const { data, hasMore } = await given().api.getPaginatedWorkflowRuns({ ...query, lastId });
        pages.push(idsOf(data));
        lastId = data.at(-1)?.id;
        if (!hasMore) break;
      }
      return pages;
    }

    async function allPages(query: RunListQuery): Promise<string[]> {
      return (await somePages(query, Number.POSITIVE_INFINITY)).flat();
    }
  });
}

function isListed(row: RunRow, { tenantId, appId, triggeredFrom, status }: RunListQuery): boolean {
  return (
    row.tenantId === tenantId &&
    row.appId === appId &&
    [triggeredFrom].flat().includes(row.triggeredFrom) &&
    (status === undefined || row.status === status)
  );
}

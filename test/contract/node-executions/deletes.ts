import { afterAll, describe, expect, it } from "vitest";
import { wildTenants } from "../workflow-runs/contract.ts";
import { testId } from "../workflow-runs/runs-archive.ts";
import { newNode, type NodeRepositories } from "./nodes-archive.ts";

const mine = testId("tenant that deletes nodes");
const theirs = testId("tenant that keeps its nodes");
const appId = testId("app that both have");
const runs = [testId("run 1 that both have"), testId("run 2 that both have")];

export function deleteContract(given: () => NodeRepositories, implementation: string): void {
  /** For either tenant two nodes of each of two runs, in two months. */
  async function saveNodes(): Promise<{ mine: string[]; theirs: string[] }> {
    const ids = { mine: [] as string[], theirs: [] as string[] };
    for (const tenantId of [mine, theirs]) {
      for (const [at, workflowRunId] of [...runs, ...runs].entries()) {
        const createdAt = `2025-0${3 + Math.floor(at / 2)}-01T00:00:00.00000${at}Z`;
        const name = `${implementation} ${tenantId} ${at}`;
        const node = newNode(name, { tenantId, appId, workflowRunId, createdAt });
        await given().executions.save(node);
        ids[tenantId === mine ? "mine" : "theirs"].push(node.id);
      }
    }
    return ids;
  }

  async function left(tenantId: string, ids: readonly string[]): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => given().api.getExecutionById(id, tenantId)));
    return found.flatMap((node) => node?.id ?? []);
  }

  const before = "2025-04-01T00:00:00.000003Z";
  const deletes: [string, (tenantId: string, ids: string[]) => Promise<unknown>, unknown, number[]][] = [
    [
      "ids",
      (tenant, ids) => given().api.deleteExecutionsByIds(tenant, [...ids.slice(1), testId("x"), "*", ""]),
      3,
      [0],
    ],
    ["app", (tenant) => given().api.deleteExecutionsByApp(tenant, appId, 3), 4, []],
    ["expired", (tenant) => given().api.deleteExpiredExecutions(tenant, before, 2), 3, [3]],
    [
      "runs",
      (tenant) => given().api.deleteByRuns(tenant, [runs[0]!, runs[0]!, testId("x"), "*"]),
      { nodeExecutions: 2, offloads: 0 },
      [1, 3],
    ],
    ["no runs", (tenant) => given().api.deleteByRuns(tenant, []), { nodeExecutions: 0, offloads: 0 }, [0, 1, 2, 3]],
  ];

  describe("deletes", () => {
    afterAll(async () => {
      for (const tenantId of [mine, theirs]) await given().api.deleteExecutionsByApp(tenantId, appId);
    });

    it.each(deletes)(
      "by %s: what the tenant had is counted and gone, the other's stays",
      async (_, act, count, kept) => {
        const ids = await saveNodes();
        expect(await act(mine, [...ids.mine, ...ids.theirs.slice(0, 0)])).toEqual(count);
        expect(await left(mine, ids.mine)).toEqual(kept.map((at) => ids.mine[at]));
        expect(await left(theirs, ids.theirs)).toEqual(ids.theirs);
      },
    );

    it("by ids leaves those of others alone", async () => {
      const ids = await saveNodes();
      expect(await given().api.deleteExecutionsByIds(mine, ids.theirs)).toBe(0);
      expect(await left(theirs, ids.theirs)).toEqual(ids.theirs);
    });

    it("are refused or find nothing for a tenant id that is none", async () => {
      const ids = await saveNodes();
      for (const wild of wildTenants(mine)) {
        for (const [, act] of deletes) {
          const result = await act(wild, ids.mine).catch((error: { code: string }) => error.code);
          expect(JSON.stringify(result), wild).toMatch(/^(0|"invalid_tenant_id"|\{"nodeExecutions":0,"offloads":0\})$/);
        }
      }
      expect(await left(mine, ids.mine)).toEqual(ids.mine);
      expect(await left(theirs, ids.theirs)).toEqual(ids.theirs);
    });
  });
}

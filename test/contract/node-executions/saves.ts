import { describe, expect, it } from "vitest";
import { wildTenants } from "../workflow-runs/contract.ts";
import { newNode, type NodeRepositories, otherTenant, tenantId } from "./nodes-archive.ts";

export function saveContract(given: () => NodeRepositories, name: string): void {
  const node = newNode(`saved in ${name}`);

  describe("save", () => {
    it("stores every value exactly, and reads by id see it at once", async () => {
      const { executions, api } = given();
      const odd = [
        node,
        newNode(`odd texts in ${name}`, {
          error: "",
          inputs: "",
          outputs: '"\\ud800 \\u0000"',
          title: "你好 \u2028\t",
        }),
        newNode(`odd numbers in ${name}`, { elapsedTime: Number.NaN, index: -(2 ** 31), workflowRunId: null }),
        newNode(`odd times in ${name}`, { createdAt: "1969-12-31T23:59:59.999999Z", finishedAt: "infinity" }),
      ];
      for (const execution of odd) {
        await executions.save(execution);
        expect(await api.getExecutionById(execution.id, tenantId)).toEqual(execution);
      }
    });

    it("changes everything but created_at", async () => {
      const { executions, api } = given();
      const ended = { ...node, status: "succeeded", elapsedTime: 1.5, createdAt: "2026-01-01T00:00:00.000000Z" };
      await executions.save(ended);
      expect(await api.getExecutionById(node.id)).toEqual({ ...ended, createdAt: node.createdAt });
    });

    it("refuses the id of another tenant's execution, and a tenant that cannot be one", async () => {
      const { executions, api } = given();
      const before = await api.getExecutionById(node.id);
      for (const save of ["save", "saveExecutionData"] as const) {
        const stolen = executions[save]({ ...node, tenantId: otherTenant, title: "stolen" });
        await expect(stolen).rejects.toMatchObject({ code: "other_tenant" });
        for (const wild of wildTenants(tenantId).filter((id) => !/^[a-z0-9][a-z0-9_-]{0,99}$/.test(id)))
          await expect(executions[save]({ ...node, tenantId: wild })).rejects.toMatchObject({
            code: "invalid_tenant_id",
          });
      }
      expect(await api.getExecutionById(node.id)).toEqual(before);
      expect(await api.getExecutionById(node.id, otherTenant)).toBeUndefined();
    });
  });

  describe("saveExecutionData", () => {
    it("changes inputs, process data and outputs alone", async () => {
      const { executions, api } = given();
      const before = await api.getExecutionById(node.id);
      const data = { inputs: '{"q": 2}', processData: null, outputs: "not json" };
      await executions.saveExecutionData({ ...node, ...data, status: "failed", title: "late" });
      expect(await api.getExecutionById(node.id)).toEqual({ ...before, ...data });
    });

    it("saves an execution whole that is not there yet", async () => {
      const { executions, api } = given();
      const late = newNode(`late in ${name}`, { inputs: "{}" });
      await executions.saveExecutionData(late);
      expect(await api.getExecutionById(late.id)).toEqual(late);
    });
  });
}

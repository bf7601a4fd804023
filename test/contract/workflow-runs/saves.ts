import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { WorkflowRun } from "../../../src/workflow-logs/repositories/workflow-runs/workflow-run.ts";
import { idsOf, wildTenants } from "./contract.ts";
import { type Implementation, type RunsArchive, testId } from "./runs-archive.ts";

const tenantId = testId("saving tenant");

export function newRun(more: Partial<WorkflowRun> = {}): WorkflowRun {
  return {
    id: randomUUID(),
    tenantId,
    appId: testId("app"),
    workflowId: testId("workflow"),
    type: "workflow",
    triggeredFrom: "app-run",
    version: "draft",
    graph: '{"nodes": [ ]}',
    inputs: null,
    status: "running",
    outputs: "{}",
    error: null,
    elapsedTime: 0,
    totalTokens: 0n,
    totalSteps: 0,
    createdByRole: "account",
    createdBy: testId("account"),
    createdAt: "2025-05-31T23:59:59.999999Z",
    finishedAt: null,
    exceptionsCount: null,
    ...more,
  };
}

export function saveContract(archive: () => RunsArchive, implementation: Implementation): void {
  const executions = () => archive().executions(implementation);
  const read = (run: WorkflowRun) => archive().api(implementation).getWorkflowRunById(run.tenantId, run.appId, run.id);

  describe("save", () => {
    it("stores a new run, which reads by id see at once", async () => {
      const run = newRun();
      await executions().save(run);
      expect(await read(run)).toEqual(run);
    });

    it("stores every value exactly", async () => {
      const odd: Partial<WorkflowRun>[] = [
        {
          inputs: "",
          outputs: "{}",
          graph: '{"a": 1.0, "a": NaN, "b": "\\u4f60\\u0000"}',
          error: 'quote " \\ \b\f\n\r\t\u0001\u007f \u2028 💥',
        },
        { totalTokens: 2n ** 63n - 1n, totalSteps: -(2 ** 31), exceptionsCount: 2 ** 31 - 1 },
        { totalTokens: -(2n ** 63n), totalSteps: null },
        { elapsedTime: Number.NaN },
        { elapsedTime: -0 },
        { elapsedTime: Number.NEGATIVE_INFINITY },
        { elapsedTime: 9007199254740994 },
        { elapsedTime: 5e-324 },
        { finishedAt: "infinity" },
        { finishedAt: "0044-03-15 12:00:00.000000 BC" },
        { finishedAt: "10000-01-01 00:00:00.000000" },
        { createdAt: "1969-12-31T23:59:59.999999Z", finishedAt: "2300-01-01T00:00:00.000001Z" },
        { createdAt: "0001-01-01T00:00:00.000000Z", finishedAt: "9999-12-31T23:59:59.999999Z" },
      ];
      for (const values of odd) {
        const run = newRun(values);
        await executions().save(run);
        expect(await read(run)).toEqual(run);
      }
    });

    it("changes everything but created_at when the run is there, also when it names another month", async () => {
      const run = newRun();
      await executions().save(run);
      const ended = {
        ...newRun({ id: run.id, createdAt: "2025-07-01T00:00:00.000000Z" }),
        status: "succeeded",
        inputs: '{"q": 1}',
        finishedAt: "2025-06-01T00:00:03.000000Z",
        totalTokens: 12n,
        elapsedTime: 3.25,
      };
      await executions().save(ended);
      expect(await read(run)).toEqual({ ...ended, createdAt: run.createdAt });
      await archive().refresh();
      const runs = await archive()
        .api(implementation)
        .getRunsBatchByTimeRange({
          endBefore: "2026-01-01T00:00:00Z",
          startFrom: "2025-01-01T00:00:00Z",
          tenantIds: [tenantId],
          batchSize: 100,
        });
      expect(idsOf(runs).filter((id) => id === run.id)).toHaveLength(1);
    });

    it("refuses the id of another tenant's run, whatever its month, and changes nothing", async () => {
      const theirs = newRun({ tenantId: testId("other tenant") });
      await executions().save(theirs);
      for (const createdAt of [theirs.createdAt, "2025-01-01T00:00:00.000000Z"]) {
        const ours = newRun({ id: theirs.id, status: "failed", createdAt });
        await expect(executions().save(ours)).rejects.toMatchObject({ code: "other_tenant" });
        expect(await read(ours)).toBeUndefined();
      }
      expect(await read(theirs)).toEqual(theirs);
    });

    it("refuses what no index can be named after or kept in, and writes nothing", async () => {
      const before = await archive().stored(implementation);
      const nameless = wildTenants(tenantId).filter((wild) => !/^[a-z0-9][a-z0-9_-]{0,99}$/.test(wild));
      expect(nameless.length).toBeGreaterThan(8);
      for (const wild of nameless) {
        await expect(executions().save(newRun({ tenantId: wild })), wild).rejects.toMatchObject({
          code: "invalid_tenant_id",
        });
      }
      for (const id of ["", "x".repeat(600)]) {
        await expect(executions().save(newRun({ id }))).rejects.toMatchObject({ code: "invalid_id" });
      }
      for (const createdAt of [
        "",
        "now",
        "infinity",
        "2025-05-01",
        "2025-05-01T00:00:00Z",
        "0000-01-01T00:00:00.000000Z",
        "2025-05-01T00:00:00.000000+08:00",
      ]) {
        await expect(executions().save(newRun({ createdAt })), createdAt).rejects.toMatchObject({
          code: "invalid_created_at",
        });
      }
      expect(await archive().stored(implementation)).toBe(before);
    });

    it("keeps one of several versions that are saved at once, whole", async () => {
      const id = randomUUID();
      const versions = [1, 2, 3, 4].map((n) => newRun({ id, totalTokens: BigInt(n), inputs: `{"n": ${n}}` }));
      await Promise.all(versions.map((version) => executions().save(version)));
      expect(versions).toContainEqual(await read(versions[0]!));
    });
  });
}

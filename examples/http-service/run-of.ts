import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { WorkflowRun } from "log-archive";

const givenRun = z.strictObject({
  id: z.uuid().optional(),
  workflow_id: z.uuid(),
  created_by: z.uuid(),
  status: z.enum(["running", "succeeded", "failed", "stopped", "partial-succeeded"]).default("running"),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
  error: z.string().optional(),
  elapsed_time: z.number().nonnegative().default(0),
  total_tokens: z.int().nonnegative().default(0),
  total_steps: z.int().nonnegative().default(0),
  created_at: z.iso.datetime().optional(),
});

/**
 * The run that the body of a request describes; what it leaves out is as Dify writes a run that has just begun. Throws
 * ZodError.
 */
export function runOf(of: { readonly tenantId: string; readonly appId: string }, body: unknown): WorkflowRun {
  const given = givenRun.parse(body);
  const now = microseconds(new Date());
  return {
    ...of,
    id: given.id ?? randomUUID(),
    workflowId: given.workflow_id,
    type: "workflow",
    triggeredFrom: "app-run",
    version: "1",
    graph: null,
    inputs: given.inputs === undefined ? null : JSON.stringify(given.inputs),
    status: given.status,
    outputs: JSON.stringify(given.outputs ?? {}),
    error: given.error ?? null,
    elapsedTime: given.elapsed_time,
    totalTokens: BigInt(given.total_tokens),
    totalSteps: given.total_steps,
    createdByRole: "account",
    createdBy: given.created_by,
    createdAt: given.created_at === undefined ? now : microseconds(new Date(given.created_at)),
    finishedAt: given.status === "running" ? null : now,
    exceptionsCount: 0,
  };
}

function microseconds(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}

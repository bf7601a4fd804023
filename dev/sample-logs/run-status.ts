import type { NodeStatus } from "./node-execution.ts";
import type { Prng } from "./prng.ts";
import type { SchemaVersion } from "./schema.ts";

export type RunStatus = "running" | "succeeded" | "failed" | "stopped" | "partial-succeeded" | "paused";

const shares: readonly [RunStatus, number][] = [
  ["failed", 0.05],
  ["stopped", 0.02],
  ["partial-succeeded", 0.03],
  // Mostly runs whose worker died: they stay like this for ever.
  ["running", 0.025],
  ["paused", 0.015],
];

/** Pausing came with 1.10. */
export function pickRunStatus(prng: Prng, version: SchemaVersion): RunStatus {
  let point = prng.float();
  for (const [status, share] of shares) {
    if (point < share) return status === "paused" && version === "1.8" ? "stopped" : status;
    point -= share;
  }
  return "succeeded";
}

export function hasEnded(status: RunStatus): boolean {
  return status !== "running" && status !== "paused";
}

/** How the last node of a run ended. */
export const lastNodeStatus: Readonly<Record<RunStatus, NodeStatus>> = {
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  stopped: "stopped",
  "partial-succeeded": "succeeded",
  paused: "paused",
};

import type { RolloutModes } from "../../../../workflow-logs/state/rollouts.ts";
import type { RollbackReport, RolloutReport } from "../../../../workflow-logs/rollout/set-rollout.ts";
import { nextStep } from "../../../output/next-step.ts";

export function changeText({ tenantId: id, before, after, forcedAgainst }: RolloutReport): string {
  const change = `Tenant ${id}: ${modesText(before)} -> ${modesText(after)}. Applications follow within seconds.`;
  if (forcedAgainst.length === 0) return [...nextLines(after), `✓ SUCCESS: ${change}`].join("\n");
  return [`⚠ WARNING: ${change}`, "Forced against:", ...forcedAgainst.map((one) => `  - ${one}`)].join("\n");
}

export function rollbackText({ tenantId: id, before, after, next }: RollbackReport): string {
  const change =
    modesText(before) === modesText(after)
      ? `Tenant ${id} stays at ${modesText(after)}: there is nothing further back.`
      : `Tenant ${id}: ${modesText(before)} -> ${modesText(after)}. Applications follow within seconds.`;
  const further = next === null ? [] : [`Another rollback leads to ${modesText(next)}.`];
  return [...further, `✓ SUCCESS: ${change}`].join("\n");
}

function nextLines({ write, read }: RolloutModes): string[] {
  if (read === "elasticsearch") return [nextStep("switched")];
  return write === "both" ? [nextStep("both")] : [];
}

export function modesText({ write, read }: RolloutModes): string {
  return `write ${write}, read ${read}`;
}

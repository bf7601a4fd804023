import type { PhaseReport } from "../../../../vectors/phases/set-phase.ts";
import type { TenantPhase } from "../../../../vectors/state/phases.ts";

export function phaseText({ phase, readPercent, shadow }: TenantPhase): string {
  const share = phase === "read_migration" ? `, ${readPercent}% of the reads from Milvus` : "";
  return `${phase}${share}${shadow ? ", reads are compared" : ""}`;
}

export function changeText({ tenant, before, after, forcedAgainst }: PhaseReport): string {
  const lines = [`Tenant ${tenant}: ${phaseText(before)} -> ${phaseText(after)}`];
  if (forcedAgainst.length > 0) lines.push("⚠ WARNING: forced, though", ...forcedAgainst.map((one) => `  - ${one}`));
  return lines.join("\n");
}

import type { ApplyReport } from "../../../vectors/dual-write/apply-dirty.ts";
import { command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { type ExitCode, exitCodes } from "../../exit-codes.ts";
import { formatCount } from "../../output/format.ts";
import { withVectors } from "./connect.ts";
import { tenants } from "./flags.ts";

export default command({
  flags: { tenantId: tenants },
  run: ({ tenantId }, context) =>
    withVectors(context, async (connections) => {
      const { applyDirty } = await import("../../../vectors/dual-write/apply-dirty.ts");
      return printApplied(context, await applyDirty(connections, tenantId, context.signal));
    }),
});

/** Prints what was copied; findings when the second store still lacks something. */
export function printApplied({ output }: CommandContext, report: ApplyReport): ExitCode {
  const { copied, removed, refused, left, stuck } = report;
  output.result(report, () =>
    [
      `${formatCount(copied)} records copied, ${formatCount(removed)} removed, ${formatCount(refused)} refused; ${formatCount(left)} are left.`,
      ...stuck.map(({ tenant, id, reason }) => `  ${tenant} ${id}: ${reason ?? ""}`),
    ].join("\n"),
  );
  return left > 0 ? exitCodes.findings : exitCodes.done;
}

import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { formatCount } from "../../output/format.ts";
import { withVectors } from "./connect.ts";
import { tenants } from "./flags.ts";

export default command({
  flags: { tenantId: tenants },
  run: ({ tenantId }, context) =>
    withVectors(context, async (connections) => {
      const { applyDirty } = await import("../../../vectors/dual-write/apply-dirty.ts");
      const report = await applyDirty(connections, tenantId, context.signal);
      context.output.result(report, () =>
        [
          `${formatCount(report.copied)} records copied, ${formatCount(report.removed)} removed, ${formatCount(report.refused)} refused; ${formatCount(report.left)} are left.`,
          ...report.stuck.map(({ tenant, id, reason }) => `  ${tenant} ${id}: ${reason ?? ""}`),
        ].join("\n"),
      );
      return report.left > 0 ? exitCodes.findings : exitCodes.done;
    }),
});

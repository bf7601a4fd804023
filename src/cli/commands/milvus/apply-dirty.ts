import { command } from "../../command.ts";
import { withVectors } from "./connect.ts";
import { tenants } from "./flags.ts";
import { printApplied } from "./print-applied.ts";

export default command({
  flags: { tenantId: tenants },
  run: ({ tenantId }, context) =>
    withVectors(context, async (connections) => {
      const { applyDirty } = await import("../../../vectors/dual-write/apply-dirty.ts");
      return printApplied(context, await applyDirty(connections, tenantId, context.signal));
    }),
});

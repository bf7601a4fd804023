import { command } from "../../../command.ts";
import { withVectors } from "../connect.ts";
import { oneTenant } from "../flags.ts";
import { printApplied } from "../print-applied.ts";

export default command({
  flags: { tenantId: oneTenant },
  run: ({ tenantId }, context) =>
    withVectors(context, async (connections) => {
      const { retryErrors } = await import("../../../../vectors/sync/retry-errors.ts");
      return printApplied(context, await retryErrors(connections, tenantId, context.signal));
    }),
});

import { command } from "../../../command.ts";
import { oneTenant } from "../../../options/scope.ts";
import { storesConfig, withStores } from "../../../wiring.ts";
import { rollbackText } from "./text.ts";

export default command({
  flags: { tenantId: oneTenant },
  config: storesConfig,
  run: ({ tenantId }, context) =>
    withStores(context, async (connections) => {
      const { rollbackRollout } = await import("../../../../workflow-logs/rollout/set-rollout.ts");
      const report = await rollbackRollout(connections, tenantId);
      context.output.result(report, () => rollbackText(report));
    }),
});

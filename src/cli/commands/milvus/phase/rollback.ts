import { command } from "../../../command.ts";
import { toggle } from "../../../options/flags.ts";
import { withVectors } from "../connect.ts";
import { oneTenant } from "../flags.ts";
import { changeText } from "./text.ts";

export default command({
  flags: { tenantId: oneTenant, force: toggle("though something speaks against it") },
  run: ({ tenantId, force = false }, context) =>
    withVectors(context, async (connections) => {
      const { rollbackPhase } = await import("../../../../vectors/phases/set-phase.ts");
      const report = await rollbackPhase(connections, tenantId, force, context.signal);
      context.output.result(report, () => changeText(report));
    }),
});

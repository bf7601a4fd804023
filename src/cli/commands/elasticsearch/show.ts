import { command } from "../../command.ts";
import { toggle, value } from "../../options/flags.ts";
import { oneTenant } from "../../options/scope.ts";
import { anyText } from "../../options/values.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { shownRunText } from "./show-text.ts";

export default command({
  flags: {
    run: value("the platform's id of the run", anyText),
    tenantId: value("only if it is a run of this tenant", oneTenant.schema.optional()),
    failedFirst: toggle("put nodes that failed before the others"),
    whole: toggle("print inputs, outputs and process data whole, with offloaded contents where they are archived"),
  },
  examples: [
    ["elasticsearch show b222efd4-e40a-4243-834e-cb4bf582518e --failed-first", "what went wrong in a run"],
    ["elasticsearch show b222efd4-e40a-4243-834e-cb4bf582518e --json", "all of it, for a program"],
  ],
  config: storesConfig,
  run: ({ run, tenantId, failedFirst = false, whole = false }, context) =>
    withStores(context, async (connections) => {
      const { showRun } = await import("../../../workflow-logs/show/show-run.ts");
      const shown = await showRun(connections, run, tenantId);
      const nodes = failedFirst ? shown.nodes.toSorted((a, b) => rank(a.status) - rank(b.status)) : shown.nodes;
      context.output.result({ ...shown, nodes }, (width) => shownRunText({ ...shown, nodes }, { whole, width }));
    }),
});

function rank(status: string): number {
  return status === "failed" || status === "exception" ? 0 : 1;
}

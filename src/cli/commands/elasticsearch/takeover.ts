import { z } from "zod";
import type { TakeoverReport } from "../../../workflow-logs/archive/takeover.ts";
import { command } from "../../command.ts";
import { operator } from "../../../runs/operator.ts";
import { repeated, toggle } from "../../options/flags.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { takeoverText } from "./takeover-text.ts";

export default command({
  flags: {
    index: repeated("also this index, which no archive has marked", z.array(z.string()).default([])),
    dryRun: toggle("say what would change, and change nothing"),
  },
  examples: [["elasticsearch takeover --dry-run", "whose the archive is, and what taking it over would change"]],
  config: storesConfig,
  run: ({ index: indices, dryRun = false }, context) =>
    withStores(context, async (connections) => {
      const { takeover } = await import("../../../workflow-logs/archive/takeover.ts");
      const options = { indices, operator: operator() };
      const planned = await takeover(connections, { ...options, dryRun: true });
      const report = dryRun || planned.reasons.length === 0 ? planned : await carryOut(planned);
      context.output.result({ ...report, dryRun }, () => takeoverText({ ...report, dryRun }));

      async function carryOut(plan: TakeoverReport): Promise<TakeoverReport> {
        context.progress.note(takeoverText(plan));
        await context.confirm("Take the archive over?");
        return takeover(connections, { ...options, dryRun: false });
      }
    }),
});

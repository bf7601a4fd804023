import { describeLimits } from "../../../runs/run-limits.ts";
import { command } from "../../command.ts";
import { runHomesConfig, withRunHomes } from "../../wiring.ts";
import { printRequest } from "./request.ts";
import { runFlags } from "./run-flags.ts";
import { limitFlags, limitsOf } from "./run-limits-flags.ts";

export default command({
  flags: {
    ...runFlags,
    ...limitFlags,
  },
  check: (schema) =>
    schema.refine(({ id: _id, to: _to, ...limits }) => Object.values(limits).some((limit) => limit !== undefined), {
      message: "give at least one of --max-rps, --max-bytes-rate, --concurrency and --batch-size",
      when: ({ issues }) => issues.length === 0,
    }),
  examples: [["runs set 3f2a --max-rps 500", "slow a run down in office hours"]],
  config: runHomesConfig,
  run: (given, context) =>
    withRunHomes(context, given.to, async (homes) => {
      const { setLimits } = await import("../../../runs/control-runs.ts");
      const run = await setLimits(homes, given.id, limitsOf(given));
      printRequest(context, run, ({ id, limits }) => `Run ${id} obeys within 2 seconds: ${describeLimits(limits!)}`);
    }),
});

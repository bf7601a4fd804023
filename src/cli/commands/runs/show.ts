import { command } from "../../command.ts";
import { runHomesConfig, withRunHomes } from "../../wiring.ts";
import { runDocument } from "./run-document.ts";
import { runFlags } from "./run-flags.ts";
import { runText } from "./run-text.ts";

export default command({
  flags: runFlags,
  examples: [["runs show 3f2a", "the run whose id begins so"]],
  config: runHomesConfig,
  run: ({ id, to }, context) =>
    withRunHomes(context, to, async (homes) => {
      const { knownRun } = await import("../../../runs/all-homes.ts");
      const { run } = await knownRun(homes, id);
      context.output.result(runDocument(run), (width) => runText(run, width));
    }),
});

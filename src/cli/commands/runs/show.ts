import { command } from "../../command.ts";
import { runHomesConfig, withRunHomes } from "../../wiring.ts";
import { runDocument } from "./run-document.ts";
import { runId } from "./run-id.ts";
import { runText } from "./run-text.ts";

export default command({
  flags: { id: runId },
  examples: [["runs show 3f2a", "the run whose id begins so"]],
  config: runHomesConfig,
  run: ({ id }, context) =>
    withRunHomes(context, async (homes) => {
      const { knownRun } = await import("../../../runs/all-homes.ts");
      const { run } = await knownRun(homes, id);
      context.output.result(runDocument(run), () => runText(run));
    }),
});

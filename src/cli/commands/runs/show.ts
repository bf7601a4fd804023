import { command } from "../../command.ts";
import { withState } from "../../wiring.ts";
import { runDocument } from "./run-document.ts";
import { runId } from "./run-id.ts";
import { runText } from "./run-text.ts";

export default command({
  flags: { id: runId },
  examples: [["runs show 3f2a", "the run whose id begins so"]],
  run: ({ id }, context) =>
    withState(context, async (state) => {
      const { knownRun } = await import("../../../workflow-logs/runs/control-runs.ts");
      const run = await knownRun(state, id);
      context.output.result(runDocument(run), () => runText(run));
    }),
});

import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { wholeNumber } from "../../options/values.ts";
import { withState } from "../../wiring.ts";
import { runDocument } from "./run-document.ts";
import { runsTable } from "./run-text.ts";

export default command({
  flags: { limit: value("how many", wholeNumber(1, 1000).default(20)) },
  run: ({ limit }, context) =>
    withState(context, async (state) => {
      const { listRuns } = await import("../../../workflow-logs/state/runs.ts");
      const runs = state === undefined ? [] : await listRuns(state, limit);
      context.output.result({ runs: runs.map(runDocument) }, () =>
        runs.length === 0 ? "There was no run yet." : runsTable(runs),
      );
    }),
});

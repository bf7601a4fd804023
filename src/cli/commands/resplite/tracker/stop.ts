import { UsageError } from "../../../../engine/errors.ts";
import { command } from "../../../command.ts";
import { runIdFlag, toFlag } from "../import-flags.ts";

export default command({
  flags: { runId: runIdFlag, to: toFlag },
  run: async ({ runId, to }, context) => {
    const { stopTracker } = await import("../../../../resplite/import/tracker/tracker.ts");
    if (!(await stopTracker(to, runId)))
      throw new UsageError("no_tracker", `No tracker of run ${runId} listens.`, {
        hint: "app resplite status tells what is at work on a run.",
      });
    context.output.result({ runId, stopped: true }, () => `The tracker of run ${runId} has ended`);
  },
});

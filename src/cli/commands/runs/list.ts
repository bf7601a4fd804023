import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { wholeNumber } from "../../options/values.ts";
import { exitCodes } from "../../exit-codes.ts";
import { runHomesConfig, withRunHomes } from "../../wiring.ts";
import { runFlags } from "./run-flags.ts";
import { runDocument } from "./run-document.ts";
import { runListText } from "./run-text.ts";

export default command({
  flags: { to: runFlags.to, limit: value("how many", wholeNumber(1, 1000).default(20)) },
  config: runHomesConfig,
  run: ({ limit, to }, context) =>
    withRunHomes(context, to, async (homes) => {
      const { listRuns } = await import("../../../runs/all-homes.ts");
      const { runs, unanswered } = await listRuns(homes, limit);
      const missing = unanswered.map(({ home, error: { code, message } }) => ({ home, error: { code, message } }));
      context.output.result(
        { runs: runs.map(runDocument), ...(missing.length > 0 && { unanswered: missing }) },
        (width) => runListText(runs, unanswered, width),
      );
      return missing.length > 0 ? exitCodes.findings : exitCodes.done;
    }),
});

import type { Command } from "commander";
import { z } from "zod";
import { listRuns } from "../../../workflow-logs/state/runs.ts";
import { wholeNumber } from "../../options.ts";
import { action, type Session } from "../../run-command.ts";
import { withState } from "../../wiring.ts";
import { runDocument } from "./run-document.ts";
import { runsTable } from "./run-text.ts";

export function addRunsList(group: Command, session: Session): void {
  group
    .command("list")
    .description("The newest runs")
    .option("--limit <number>", "how many", "20")
    .action(
      action(session, {
        options: z.object({ limit: wholeNumber(1, 1000) }),
        run: ({ limit }, context) =>
          withState(context, async (state) => {
            const runs = state === undefined ? [] : await listRuns(state, limit);
            context.output.result({ runs: runs.map(runDocument) }, () =>
              runs.length === 0 ? "There was no run yet." : runsTable(runs),
            );
          }),
      }),
    );
}

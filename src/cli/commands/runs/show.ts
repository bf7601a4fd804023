import type { Command } from "commander";
import { z } from "zod";
import { knownRun } from "../../../workflow-logs/runs/control-runs.ts";
import { action, type Session } from "../../run-command.ts";
import { withState } from "../../wiring.ts";
import { runDocument } from "./run-document.ts";
import { runArgument, runId } from "./run-id.ts";
import { runText } from "./run-text.ts";

export function addRunsShow(group: Command, session: Session): void {
  group
    .command("show")
    .addArgument(runArgument())
    .description("One run with its options, limits and report, and why it waits")
    .action(
      action(session, {
        options: z.object({ id: runId }),
        run: ({ id }, context) =>
          withState(context, async (state) => {
            const run = await knownRun(state, id);
            context.output.result(runDocument(run), () => runText(run));
          }),
      }),
    );
}

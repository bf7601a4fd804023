import type { Command } from "commander";
import { z } from "zod";
import { UsageError } from "../../../engine/errors.ts";
import { findRun } from "../../../stores/postgres/state/runs.ts";
import { action, type Session } from "../../run-command.ts";
import { withState } from "../../wiring.ts";
import { runText } from "./run-text.ts";

export function addRunsShow(group: Command, session: Session): void {
  group
    .command("show")
    .argument("<id>", "the run, or the first characters of its id")
    .description("One run with its options and report")
    .action(
      action(session, {
        options: z.object({ id: z.string().regex(/^[0-9a-fA-F-]{1,36}$/, "is not the id of a run") }),
        run: ({ id }, context) =>
          withState(context, async (state) => {
            const run = state === undefined ? undefined : await findRun(state, id);
            if (run === undefined)
              throw new UsageError("unknown_run", `There is no run ${id}, or more than one begins like this.`, {
                hint: "app runs list shows the runs.",
              });
            context.output.result(run, () => runText(run));
          }),
      }),
    );
}

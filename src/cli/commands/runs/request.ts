import type { RequestedState } from "../../../workflow-logs/state/database.ts";
import type { RunRecord } from "../../../workflow-logs/state/runs.ts";
import { type Command, command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { withState } from "../../wiring.ts";
import { runId } from "./run-id.ts";

/** A command that asks a run to go into `wanted`. */
export function requesting(wanted: RequestedState, done: (id: string) => string): Command {
  return command({
    flags: { id: runId },
    run: ({ id }, context) =>
      withState(context, async (state) => {
        const { requestState } = await import("../../../workflow-logs/runs/control-runs.ts");
        printRequest(context, await requestState(state, id, wanted), (run) => done(run.id));
      }),
  });
}

/** What was asked of the run, and by when it obeys. */
export function printRequest(context: CommandContext, run: RunRecord, text: (run: RunRecord) => string): void {
  const { id, requested, limits } = run;
  context.output.result({ id, requested, limits, effectiveWithinSeconds: 2 }, () => text(run));
}

import type { FoundRun } from "../../../runs/all-homes.ts";
import type { RequestedState } from "../../../runs/run-record.ts";
import { type Command, command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { runHomesConfig, withRunHomes } from "../../wiring.ts";
import { runFlags } from "./run-flags.ts";

/** A command that asks a run to go into `wanted`. */
export function requesting(wanted: RequestedState, done: (id: string) => string): Command {
  return command({
    flags: runFlags,
    config: runHomesConfig,
    run: ({ id, to }, context) =>
      withRunHomes(context, to, async (homes) => {
        const { requestState } = await import("../../../runs/control-runs.ts");
        printRequest(context, await requestState(homes, id, wanted), (run) => done(run.id));
      }),
  });
}

/** What was asked of the run, and by when it obeys. */
export function printRequest(context: CommandContext, run: FoundRun, text: (run: FoundRun) => string): void {
  const { id, home, requested, limits } = run;
  context.output.result({ id, home, requested, limits, effectiveWithinSeconds: 2 }, () => text(run));
}

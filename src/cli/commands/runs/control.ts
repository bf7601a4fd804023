import type { Command } from "commander";
import { z } from "zod";
import type { RequestedState } from "../../../workflow-logs/state/database.ts";
import type { RunRecord } from "../../../workflow-logs/state/runs.ts";
import { requestState } from "../../../workflow-logs/runs/control-runs.ts";
import type { CommandContext } from "../../context.ts";
import { action, type Session } from "../../run-command.ts";
import { withState } from "../../wiring.ts";
import { runArgument, runId } from "./run-id.ts";

interface Control {
  readonly name: string;
  readonly state: RequestedState;
  readonly description: string;
  readonly done: (id: string) => string;
}

const controls: readonly Control[] = [
  {
    name: "pause",
    state: "paused",
    description: "Make a run wait, without a transaction or a statement in either store",
    done: (id) =>
      `Run ${id} pauses within 2 seconds; a scan of its planning, and requests in flight, are finished first. It goes on with: app runs resume ${id}`,
  },
  {
    name: "resume",
    state: "running",
    description: "Let a paused run go on",
    done: (id) => `Run ${id} goes on within 2 seconds.`,
  },
  {
    name: "abort",
    state: "aborted",
    description: "Stop a run as SIGTERM would, from any machine",
    done: (id) =>
      `Run ${id} begins to stop within 2 seconds: requests in flight are finished and the checkpoint is written. Its command again goes on where it was.`,
  },
];

export function addRunControls(group: Command, session: Session): void {
  for (const { name, state: wanted, description, done } of controls) {
    group
      .command(name)
      .addArgument(runArgument())
      .description(description)
      .action(
        action(session, {
          options: z.object({ id: runId }),
          run: ({ id }, context) =>
            withState(context, async (state) =>
              printRequest(context, await requestState(state, id, wanted), (run) => done(run.id)),
            ),
        }),
      );
  }
}

/** What was asked of the run, and by when it obeys. */
export function printRequest(context: CommandContext, run: RunRecord, text: (run: RunRecord) => string): void {
  const { id, requested, limits } = run;
  context.output.result({ id, requested, limits, effectiveWithinSeconds: 2 }, () => text(run));
}

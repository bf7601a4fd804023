import type { RequestedState, RunLimits } from "../../../runs/run-record.ts";
import { type Command, command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { runIdFlag, toFlag } from "./import-flags.ts";

/** A command that asks a run of the importer for something; its processes obey within two seconds. */
export function asking(wanted: RequestedState, text: string): Command {
  return command({
    flags: { runId: runIdFlag, to: toFlag },
    run: ({ runId, to }, context) => ask(context, runId, to, { state: wanted }, text),
  });
}

export async function ask(
  context: CommandContext,
  runId: string,
  to: string,
  wanted: { readonly state?: RequestedState; readonly limits?: RunLimits; readonly scanCount?: number },
  text: string,
): Promise<void> {
  const { controlImport } = await import("../../../resplite/import/control.ts");
  const run = await controlImport(to, runId, wanted);
  context.output.result(run, () => `Run ${runId} ${text}`);
}

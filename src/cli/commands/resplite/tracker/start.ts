import { withHead } from "../../../../runs/report-head.ts";
import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { oneOf } from "../../../options/values.ts";
import { fromFlag, runIdFlag, sourceOf, toFlag } from "../import-flags.ts";

export default command({
  flags: {
    runId: runIdFlag,
    from: fromFlag,
    to: toFlag,
    channels: value("which notifications to listen to", oneOf("keyevent", "keyspace").default("keyevent")),
  },
  examples: [
    ["resplite tracker start --run-id run_001 --from redis://10.0.0.10:6379 --to ./resplite.db", "before bulk"],
  ],
  run: async (given, context) => {
    const { track } = await import("../../../../resplite/import/tracker/tracker.ts");
    const report = await track(
      { runId: given.runId, from: sourceOf(given.from, context), to: given.to, channels: given.channels },
      {
        signal: context.signal,
        note: (text) => context.output.note(text),
        started: () => context.output.note("Dirty tracker running. Ctrl+C to stop."),
      },
    );
    context.output.result(
      withHead({ ...report, status: "completed" }, context.startedAt),
      () => `Dirty tracker stopped: ${report.events} events noted`,
    );
  },
});

import { withHead } from "../../../runs/report-head.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle } from "../../options/flags.ts";
import {
  fromFlag,
  limitFlags,
  limitsOf,
  runIdFlag,
  scanCountFlag,
  sourceOf,
  templateFlag,
  toFlag,
} from "./import-flags.ts";
import { countersText, lossText } from "./import-text.ts";

export default command({
  flags: {
    runId: runIdFlag,
    from: fromFlag,
    to: toFlag,
    scanCount: scanCountFlag,
    ...limitFlags,
    resume: toggle("go on at the cursor where an earlier call was; without it the scan begins anew"),
    pragmaTemplate: templateFlag,
  },
  examples: [
    ["resplite bulk --run-id run_001 --from redis://10.0.0.10:6379 --to ./resplite.db --resume", "copy every key"],
  ],
  run: async (given, context) => {
    const { bulk } = await import("../../../resplite/import/bulk.ts");
    const report = await bulk(
      {
        ...limitsOf(given),
        runId: given.runId,
        from: sourceOf(given.from, context),
        to: given.to,
        scanCount: given.scanCount,
        resume: given.resume === true,
        template: given.pragmaTemplate,
      },
      context,
    );
    const isWhole = report.end !== "interrupted";
    context.output.result(withHead(report, context.startedAt), () =>
      [
        isWhole ? "Bulk complete:" : "Bulk interrupted; the same call with --resume goes on here:",
        ...countersText(report),
        ...lossText(report),
        ...(isWhole ? [`Next: app resplite apply-dirty --run-id ${given.runId} --to ${given.to}`] : []),
      ].join("\n"),
    );
    return report.end === "completed" ? exitCodes.done : exitCodes.findings;
  },
});

import { withHead } from "../../../runs/report-head.ts";
import type { ApplyReport } from "../../../resplite/import/apply-dirty.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { wholeNumber } from "../../options/values.ts";
import { fromFlag, limitFlags, limitsOf, runIdFlag, sourceOf, toFlag } from "./import-flags.ts";
import { countersText } from "./import-text.ts";

export default command({
  flags: {
    runId: runIdFlag,
    from: fromFlag,
    to: toFlag,
    ...limitFlags,
    safetySweep: toggle("then compare every key and put right what differs"),
    maxSeconds: value("end the sweep after so long", wholeNumber(1, 1_000_000).optional()),
  },
  examples: [
    [
      "resplite apply-dirty --run-id run_001 --from redis://10.0.0.10:6379 --to ./resplite.db",
      "take over what changed since the bulk import",
    ],
  ],
  run: async (given, context) => {
    const { applyDirty } = await import("../../../resplite/import/apply-dirty.ts");
    const report = await applyDirty(
      {
        ...limitsOf(given),
        runId: given.runId,
        from: sourceOf(given.from, context),
        to: given.to,
        safetySweep: given.safetySweep === true,
        maxSeconds: given.maxSeconds,
      },
      context,
    );
    context.output.result(withHead(report, context.startedAt), () => applyText(report));
    const isPut = report.end === "completed" && (report.wasTracked || report.sweep !== null);
    return isPut && report.sweep?.end !== "time" ? exitCodes.done : exitCodes.findings;
  },
});

function applyText(report: ApplyReport): string {
  const { sweep, dirty } = report;
  return [
    `Applied ${report.applied}, deleted ${report.deleted}, failed ${report.failed}`,
    ...countersText(report),
    ...report.gaps.map(({ from, to }) => `⚠ No tracker listened from ${from} to ${to}`),
    ...(sweep === null ? [] : [`Compared ${sweep.compared} keys, put ${sweep.repaired} right`]),
    ...(sweep?.end === "time" ? ["⚠ The time was over before everything was compared"] : []),
    ...(report.wasTracked || sweep !== null
      ? []
      : ["⚠ No tracker ever listened in this run: what changed is not known. --safety-sweep compares everything"]),
    dirty.waiting === 0
      ? "✓ No dirty keys are left"
      : `${dirty.waiting} keys have changed again meanwhile: run it once more when nobody writes`,
  ].join("\n");
}

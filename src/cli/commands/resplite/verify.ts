import { withHead } from "../../../runs/report-head.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { concurrency, option, rowsOrOff } from "../../options/values.ts";
import { fromFlag, runIdFlag, sourceOf, toFlag } from "./import-flags.ts";

/** 0.5% as 0.005. */
const part = option("a part such as 0.5%, above 0% and up to 100%", (text) => {
  const percent = /^\d{1,3}(\.\d{1,6})?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  return percent > 0 && percent <= 100 ? percent / 100 : undefined;
});

export default command({
  flags: {
    runId: runIdFlag,
    from: fromFlag,
    to: toFlag,
    sample: value("part of the keys that is compared", part.optional(), { shownDefault: "0.5%" }),
    full: toggle("compare every key of both sides; a call that was interrupted is gone on with"),
    maxConcurrency: value("batches that are compared at once", concurrency.default(8)),
    maxRps: value("at most so many keys a second, or off", rowsOrOff.default(null), { shownDefault: "off" }),
  },
  check: (schema) =>
    schema.refine(({ sample, full }) => sample === undefined || full === undefined, {
      path: ["sample"],
      message: "and --full exclude each other",
    }),
  examples: [["resplite verify --run-id run_001 --to ./resplite.db --full", "compare everything"]],
  run: async (given, context) => {
    const { verify } = await import("../../../resplite/import/verify/verify.ts");
    const report = await verify(
      {
        runId: given.runId,
        from: sourceOf(given.from, context),
        to: given.to,
        sample: given.full === true ? "full" : (given.sample ?? 0.005),
        maxConcurrency: given.maxConcurrency,
        maxRps: given.maxRps ?? undefined,
      },
      context,
    );
    context.output.result(withHead(report, context.startedAt), () =>
      [
        `Verify: sampled=${report.sampled} matched=${report.matched} mismatches=${report.mismatches}`,
        ...Object.entries(report.byDifference).map(([difference, count]) => `  ${difference}: ${count}`),
        ...report.first.map(({ key, difference }) => `  ${JSON.stringify(key)}: ${difference}`),
        ...(report.unsupported > 0 ? [`  ${report.unsupported} keys are of types that are not imported`] : []),
        report.status === "match"
          ? "✓ Everything compared is the same"
          : "⚠ The file differs: app resplite apply-dirty --safety-sweep puts it right",
      ].join("\n"),
    );
    return report.status === "match" ? exitCodes.done : exitCodes.findings;
  },
});

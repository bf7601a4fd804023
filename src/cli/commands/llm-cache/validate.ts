import type { CacheDifference, ValidateReport } from "../../../llm-cache/validate.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { printReport } from "../../print-report.ts";
import { withOpenRoute } from "./open-route.ts";
import { includeFlag, maxRps, routeFlags } from "./store-flags.ts";

export default command({
  flags: { ...routeFlags, include: includeFlag, maxRps },
  examples: [
    ["llm-cache validate --source redis --target postgres", "is everything of Redis in PostgreSQL, unchanged?"],
  ],
  run: (options, context) =>
    withOpenRoute(context, options, async (route) => {
      const { validate } = await import("../../../llm-cache/validate.ts");
      const limits = { include: options.include, recordsPerSecond: options.maxRps ?? undefined };
      const report = await validate(route, limits, { signal: context.signal });
      const code = report.status === "mismatch" ? exitCodes.findings : exitCodes.done;
      return printReport(context, report, () => validateText(report), code);
    }),
});

const toldDifferences = 20;

function validateText({ status, totals, differences }: ValidateReport): string {
  const lines = [
    "",
    `Records of the source:     ${formatCount(totals.source)}`,
    `Equal in the target:       ${formatCount(totals.matched)}`,
    `Missing in the target:     ${formatCount(totals.missing)}`,
    `Different in the target:   ${formatCount(totals.different)}`,
    `Only in the target:        ${formatCount(totals.extra)}`,
    ...differences.slice(0, toldDifferences).map(differenceText),
    "",
  ];
  if (status === "interrupted") return [...lines, "Stopped before everything was compared."].join("\n");
  const success = "✓ Every record of the source is in the target, unchanged";
  const failure = "⚠️  The target lacks records of the source. Next: app llm-cache retry, or migrate again";
  return [...lines, status === "match" ? success : failure].join("\n");
}

function differenceText({ id, kind, fields }: CacheDifference): string {
  return `  ${printable(id)}: ${kind}${fields.length > 0 ? ` in ${fields.map(printable).join(", ")}` : ""}`;
}

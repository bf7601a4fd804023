import type { RetryReport } from "../../../../workflow-logs/migrate/retry-errors.ts";
import { command } from "../../../command.ts";
import { exitCodes } from "../../../exit-codes.ts";
import { formatCount } from "../../../output/format.ts";
import { printArchiveReport } from "../print-archive-report.ts";
import { storesConfig, withStores } from "../../../wiring.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: filterFlags,
  config: storesConfig,
  run: (given, context) =>
    withStores(context, async (connections) => {
      const { retryErrors } = await import("../../../../workflow-logs/migrate/retry-errors.ts");
      const report = await retryErrors(connections, filterOf(given), context);
      const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, () => retryText(report), code);
    }),
});

function retryText({ tried, migrated, failed, gone, expired, unarchivable, status }: RetryReport): string {
  const lines = [
    `Tried:            ${formatCount(tried)}`,
    `Archived now:     ${formatCount(migrated)}`,
    `Refused again:    ${formatCount(failed)}`,
    `Without a month:  ${formatCount(unarchivable)}`,
    `Gone meanwhile:   ${formatCount(gone)}`,
    `Past retention:   ${formatCount(expired)}`,
    "",
  ];
  const left = failed + unarchivable;
  if (status === "interrupted") return [...lines, "⚠ WARNING: interrupted; run the same command again"].join("\n");
  return [...lines, left === 0 ? "✓ SUCCESS" : `⚠ WARNING: ${formatCount(left)} records could not be archived`].join(
    "\n",
  );
}

import type { ApplyReport } from "../../../vectors/dual-write/apply-dirty.ts";
import type { CommandContext } from "../../context.ts";
import { type ExitCode, exitCodes } from "../../exit-codes.ts";
import { formatCount } from "../../output/format.ts";
import { printReport } from "../../print-report.ts";

/** Prints what was copied; findings when the second store still lacks something. */
export function printApplied(context: CommandContext, report: ApplyReport): ExitCode {
  const { copied, removed, refused, left, stuck } = report;
  const text = (): string =>
    [
      ...stuck.map(({ tenant, id, reason }) => `${tenant} ${id}: ${reason ?? ""}`),
      `${formatCount(copied)} records copied, ${formatCount(removed)} removed, ${formatCount(refused)} refused; ${formatCount(left)} are left.`,
    ].join("\n");
  return printReport(context, report, text, left > 0 ? exitCodes.findings : exitCodes.done);
}

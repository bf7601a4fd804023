import { type Reported, withHead } from "../runs/report-head.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/**
 * Prints the report of a run, with the head that those of all pipelines have, and returns the exit code: `code`, unless
 * the run was aborted. An interrupted run that no signal stopped was aborted from another terminal, and ends as SIGTERM
 * would have ended it.
 */
export function printReport(
  { output, signal, startedAt }: CommandContext,
  report: Reported,
  text: (width?: number) => string,
  code: ExitCode,
): ExitCode {
  const document = withHead(report, startedAt);
  const aborted = report.status === "interrupted" && !signal.aborted;
  if (!aborted) {
    output.runResult(document, text);
    return code;
  }
  output.runResult(
    { ...document, aborted },
    (width) => `Aborted from another terminal by app runs abort.\n\n${text(width)}`,
  );
  return exitCodes.SIGTERM;
}

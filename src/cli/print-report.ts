import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/**
 * Prints the report of a run and returns the exit code: `code`, unless the run was aborted. An interrupted run that no signal stopped was aborted from
 * another terminal, and ends as SIGTERM would have ended it.
 */
export function printReport(
  { output, signal }: CommandContext,
  report: { readonly status: string },
  text: (width?: number) => string,
  code: ExitCode,
): ExitCode {
  const aborted = report.status === "interrupted" && !signal.aborted;
  if (!aborted) {
    output.runResult(report, text);
    return code;
  }
  output.runResult(
    { ...report, aborted },
    (width) => `Aborted from another terminal by app runs abort.\n\n${text(width)}`,
  );
  return exitCodes.SIGTERM;
}

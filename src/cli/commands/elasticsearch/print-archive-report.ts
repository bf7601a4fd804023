import type { Reported } from "../../../runs/report-head.ts";
import type { Connections } from "../../../workflow-logs/connections.ts";
import type { CommandContext } from "../../context.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { printable } from "../../output/printable.ts";
import { printReport } from "../../print-report.ts";

/** Where PostgreSQL keeps tables unless told otherwise. */
const defaultSchema = "public";

/**
 * Prints the report of a run on an archive, which says beside its head in which schema the log tables were found: null
 * where the run did not come that far. A person reads it where it is not the default one.
 */
export function printArchiveReport(
  context: CommandContext,
  { archive: { sourceSchema } }: Pick<Connections, "archive">,
  report: Reported,
  text: (width?: number) => string,
  code: ExitCode,
): ExitCode {
  const place =
    sourceSchema === null || sourceSchema === defaultSchema ? "" : `Log tables: schema ${printable(sourceSchema)}\n\n`;
  return printReport(context, { ...report, sourceSchema } as Reported, (width) => `${place}${text(width)}`, code);
}

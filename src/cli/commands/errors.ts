import { type ListedErrors, type RecordError, reportErrors } from "../../runs/record-errors.ts";
import type { CommandContext } from "../context.ts";
import { value } from "../options/flags.ts";
import { wholeNumber } from "../options/values.ts";
import { formatCount } from "../output/format.ts";
import { formatTable } from "../output/table.ts";

// What `errors list` and `errors discard` of every pipeline share. Each keeps its record errors behind the same port,
// and says which of them are meant.

export const errorLimit = value("how many", wholeNumber(1, 100_000).default(50));

/**
 * The columns that a pipeline has before id, type, attempts and reason. `drop` are those that may go on a narrow
 * terminal, the first to go first.
 */
export interface ErrorColumns<Entry> {
  readonly heads: readonly string[];
  readonly drop: readonly string[];
  readonly cells: (entry: Entry) => readonly (string | undefined)[];
}

/**
 * Prints the first record errors and how many there are of each type. `errors` is undefined where nothing was ever
 * recorded.
 */
export async function printErrors<Filter, Entry extends RecordError>(
  { output }: CommandContext,
  errors: ListedErrors<Filter, Entry> | undefined,
  { filter, limit, columns }: { filter: Filter; limit: number; columns: ErrorColumns<Entry> },
): Promise<void> {
  const report =
    errors === undefined ? { total: 0, byType: {}, errors: [] } : await reportErrors(errors, filter, limit);
  const text = (width?: number): string => {
    if (report.total === 0) return "There are no record errors.";
    const rows = report.errors.map((error) => [
      ...columns.cells(error),
      error.id,
      error.type,
      error.attempts,
      error.reason.slice(0, 200),
    ]);
    const heads = [...columns.heads, "id", "type", "attempts", "reason"];
    const drop = ["attempts", ...columns.drop];
    const table = formatTable(heads, rows, { drop, ...(width !== undefined && { width }) });
    return `${table}\n${formatCount(report.errors.length)} of ${formatCount(report.total)} record errors`;
  };
  output.result(report, text);
}

/**
 * Forgets the record errors that are meant, after a yes where there are any. `left` says what becomes of the records.
 */
export async function discardErrors<Filter, Entry extends RecordError>(
  context: CommandContext,
  errors: ListedErrors<Filter, Entry> | undefined,
  filter: Filter,
  left: string,
): Promise<void> {
  const total = errors === undefined ? 0 : (await reportErrors(errors, filter, 1)).total;
  if (total > 0) await context.confirm(`Forget ${formatCount(total)} record errors? ${left}`);
  const discarded = (await errors?.discard(filter)) ?? 0;
  context.output.result({ discarded }, () => `✓ ${formatCount(discarded)} record errors forgotten.`);
}

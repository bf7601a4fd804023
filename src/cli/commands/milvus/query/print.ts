import type { Found } from "../../../../vectors/operations/operations.ts";
import type { CommandContext } from "../../../context.ts";
import { formatTable } from "../../../output/table.ts";

/** With --json everything, else what tells records apart. */
export function printFound({ output }: CommandContext, results: readonly Found[], others: object = {}): void {
  output.result({ ...others, results: results.map(printable) }, (width) => {
    const heads = ["uniqueid", "recordType", "title", "score"];
    const rows = results.map((one) => [
      one.uniqueid,
      one.recordType ?? "",
      one.title ?? one.name ?? "",
      typeof one["score"] === "number" ? one["score"].toFixed(4) : "",
    ]);
    return results.length === 0 ? "Nothing was found." : formatTable(heads, rows, { width });
  });
}

/** JSON has no integers beyond 2^53. */
function printable(found: Found): object {
  return Object.fromEntries(
    Object.entries(found).map(([name, one]) => [name, typeof one === "bigint" ? String(one) : one]),
  );
}

import Table from "cli-table3";
import { formatCount } from "./format.ts";
import { printable } from "./printable.ts";

type Cell = string | number | bigint | undefined;

const noBorders = Object.fromEntries(
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid"
    .split(" ")
    .map((part) => [part, ""]),
);

/** Columns under their heads, without colour; numbers stand right with thousands separators, a missing cell is a dash. */
export function formatTable(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const numeric = heads.map((_, column) =>
    rows.some((row) => typeof row[column] !== "string" && row[column] !== undefined),
  );
  const table = new Table({
    head: [...heads],
    colAligns: numeric.map((right) => (right ? "right" : "left")),
    chars: { ...noBorders, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(row.map(cellText));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function cellText(cell: Cell): string {
  if (cell === undefined) return "-";
  return typeof cell === "string" ? printable(cell).replace(/\s+/g, " ") : formatCount(cell);
}

import { formatCount } from "./format.ts";
import { printable } from "./printable.ts";
import { widthOf, wrapped } from "./words.ts";

type Cell = string | number | bigint | undefined;

export interface TableFit {
  /** Columns of the terminal; undefined where nothing has to fit. */
  readonly width?: number | undefined;
  /** Heads of columns that may be left out where there is no room, the first to go first. */
  readonly drop?: readonly string[];
}

interface Column {
  readonly head: string;
  /** The head as it is printed. */
  readonly headLines: readonly string[];
  readonly cells: readonly string[];
  readonly isNumeric: boolean;
  readonly width: number;
}

const gap = "  ";
const leastProse = 20;
/** As `app runs show` and people take them. */
const leastId = 8;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Columns under their heads; numbers stand right with thousands separators, a missing cell is a dash. Where it would be
 * wider than the terminal, ids are shortened to what tells them apart, the last column is continued on further lines,
 * and so are heads; then columns are dropped, and where all that is not enough each row becomes a list. Nothing is cut.
 */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, drop = [] }: TableFit = {},
): string {
  const natural = heads.map((head, at) => columnOf(head, rows, at));
  const columns = width === undefined ? natural : fitted(natural, width, drop);
  if (width !== undefined && !fits(columns, width)) return asLists(natural.map(withShortIds), rows.length, width);
  const last = columns.at(-1)!;
  const lastWidth = width === undefined || last.isNumeric ? last.width : roomForLast(columns, width);
  const headRows = Math.max(...columns.map(({ headLines }) => headLines.length));
  const lines: string[] = [];
  for (let row = -headRows; row < rows.length; row++) {
    const texts = columns.map(({ headLines, cells }) =>
      row < 0 ? (headLines[headLines.length + row] ?? "") : cells[row]!,
    );
    const [first = "", ...more] =
      lastWidth < last.width ? wrapped(texts.at(-1)!.split(" "), lastWidth) : [texts.at(-1)!];
    const start = columns.slice(0, -1).map((column, at) => `${aligned(texts[at]!, column)}${gap}`);
    lines.push(`${start.join("")}${last.isNumeric ? aligned(first, last) : first}`.trimEnd());
    const indent = " ".repeat(totalWidth(columns.slice(0, -1)) + (columns.length > 1 ? gap.length : 0));
    for (const line of more) lines.push(`${indent}${line}`);
  }
  return lines.join("\n");
}

function columnOf(head: string, rows: readonly (readonly Cell[])[], at: number): Column {
  const isNumeric = rows.some((row) => typeof row[at] !== "string" && row[at] !== undefined);
  return measured(
    head,
    rows.map((row) => cellText(row[at])),
    isNumeric,
  );
}

function measured(
  head: string,
  cells: readonly string[],
  isNumeric: boolean,
  headLines: readonly string[] = [head],
): Column {
  const width = [...cells, ...headLines].reduce((most, text) => Math.max(most, widthOf(text)), 0);
  return { head, headLines, cells, isNumeric, width };
}

function fitted(natural: readonly Column[], width: number, drop: readonly string[]): readonly Column[] {
  if (totalWidth(natural) <= width) return natural;
  let columns = natural.map(withShortIds);
  if (!fits(columns, width)) columns = columns.map(withNarrowHead);
  for (const head of drop) {
    if (fits(columns, width)) break;
    columns = columns.filter((column) => column.head !== head);
  }
  return columns;
}

/** Whether it does, the last column being continued on further lines. */
function fits(columns: readonly Column[], width: number): boolean {
  const last = columns.at(-1)!;
  const canWrap = last.isNumeric ? 0 : Math.max(0, last.width - leastProse);
  return totalWidth(columns) - canWrap <= width;
}

/** A head of several words stands on several lines where its cells are narrower. */
function withNarrowHead(column: Column): Column {
  const cells = measured("", column.cells, column.isNumeric).width;
  return measured(column.head, column.cells, column.isNumeric, wrapped(column.head.split(" "), cells));
}

/** Each row as lines of a head and a cell. */
function asLists(columns: readonly Column[], rows: number, width: number): string {
  if (rows === 0)
    return wrapped(
      columns
        .map(({ head }) => head)
        .join(", ")
        .split(" "),
      width,
    ).join("\n");
  const heads = Math.max(...columns.map(({ head }) => widthOf(head)));
  const room = Math.max(leastProse, width - heads - gap.length);
  return Array.from({ length: rows }, (_, row) =>
    columns
      .flatMap(({ head, cells }) =>
        wrapped(cells[row]!.split(" "), room).map((line, at) => `${(at === 0 ? head : "").padEnd(heads)}${gap}${line}`),
      )
      .join("\n"),
  ).join("\n\n");
}

/** Ids become their beginnings, long enough that different ones stay different. */
function withShortIds(column: Column): Column {
  const ids = new Set(column.cells.filter((cell) => uuid.test(cell)));
  if (ids.size === 0) return column;
  let length = leastId;
  while (new Set([...ids].map((id) => id.slice(0, length))).size < ids.size) length++;
  const cells = column.cells.map((cell) => (ids.has(cell) ? cell.slice(0, length) : cell));
  return measured(column.head, cells, column.isNumeric);
}

function roomForLast(columns: readonly Column[], width: number): number {
  const others = columns.slice(0, -1);
  return Math.max(leastProse, width - totalWidth(others) - (others.length > 0 ? gap.length : 0));
}

function totalWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + column.width, Math.max(0, columns.length - 1) * gap.length);
}

function aligned(text: string, { width, isNumeric }: Column): string {
  const space = " ".repeat(width - widthOf(text));
  return isNumeric ? `${space}${text}` : `${text}${space}`;
}

function cellText(cell: Cell): string {
  if (cell === undefined) return "-";
  return typeof cell === "string" ? printable(cell).replace(/\s+/g, " ") : formatCount(cell);
}

import stringWidth from "string-width";
import { formatCount } from "./format.ts";
import { printable } from "./printable.ts";

type Cell = string | number | bigint | undefined;

export interface TableFit {
  /** Columns of the terminal; undefined where nothing has to fit. */
  readonly width?: number | undefined;
  /** Heads of columns that may be left out where there is no room, the first to go first. */
  readonly drop?: readonly string[];
}

interface Column {
  readonly head: string;
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
 * wider than the terminal, ids are shortened to what tells them apart, columns are dropped, and the last column is
 * continued on further lines; nothing is cut.
 */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, drop = [] }: TableFit = {},
): string {
  const natural = heads.map((head, at) => columnOf(head, rows, at));
  const columns = width === undefined ? natural : fitted(natural, width, drop);
  const last = columns.at(-1)!;
  const lastWidth = width === undefined || last.isNumeric ? last.width : roomForLast(columns, width);
  const lines: string[] = [];
  for (let row = -1; row < rows.length; row++) {
    const texts = columns.map((column) => (row < 0 ? column.head : column.cells[row]!));
    const [first = "", ...more] = lastWidth < last.width ? wrapped(texts.at(-1)!, lastWidth) : [texts.at(-1)!];
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

function measured(head: string, cells: readonly string[], isNumeric: boolean): Column {
  const width = cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(head));
  return { head, cells, isNumeric, width };
}

function fitted(natural: readonly Column[], width: number, drop: readonly string[]): readonly Column[] {
  const fits = (columns: readonly Column[]): boolean => {
    const last = columns.at(-1)!;
    const canWrap = last.isNumeric ? 0 : Math.max(0, last.width - leastProse);
    return totalWidth(columns) - canWrap <= width;
  };
  if (totalWidth(natural) <= width) return natural;
  let columns = natural.map(withShortIds);
  for (const head of drop) {
    if (fits(columns)) break;
    columns = columns.filter((column) => column.head !== head);
  }
  return columns;
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

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function aligned(text: string, { width, isNumeric }: Column): string {
  const space = " ".repeat(width - widthOf(text));
  return isNumeric ? `${space}${text}` : `${text}${space}`;
}

function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

function cellText(cell: Cell): string {
  if (cell === undefined) return "-";
  return typeof cell === "string" ? printable(cell).replace(/\s+/g, " ") : formatCount(cell);
}

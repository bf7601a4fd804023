import type { ColumnSource, ParquetWriter } from "hyparquet-writer";
import { parseExactJson } from "../../stores/elasticsearch/documents/exact-json.ts";
import type { DataType } from "../partitions/log-types.ts";
import { toInstant } from "../repositories/records/instants.ts";
import type { FieldKind } from "../repositories/records/record-kind.ts";
import { columns, type Document, jsonOf, more, others } from "./columns.ts";

type SchemaElement = ParquetWriter["schema"][number];
type Cell = string | number | bigint | null;

interface ParquetType {
  readonly element: Omit<SchemaElement, "name" | "repetition_type">;
  /** Undefined for what the type cannot hold exactly, which goes into `more`. */
  readonly cell: (value: unknown) => Cell | undefined;
}

const text: ParquetType = {
  element: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  cell: (value) => (typeof value === "string" ? value : undefined),
};

const types: Readonly<Record<FieldKind, ParquetType>> = {
  id: text,
  text,
  timestamp: {
    element: {
      type: "INT64",
      converted_type: "TIMESTAMP_MICROS",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
    },
    cell: (value) => (typeof value === "string" ? micros(value) : undefined),
  },
  bigint: {
    element: { type: "INT64" },
    cell: (value) => (isWhole(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value) ? BigInt(value) : undefined),
  },
  integer: {
    element: { type: "INT32" },
    cell: (value) => (isWhole(value) && Number(value) === (Number(value) | 0) ? Number(value) : undefined),
  },
  double: {
    element: { type: "DOUBLE" },
    cell: (value) =>
      typeof value === "number" ? value : typeof value === "string" && notFinite.has(value) ? Number(value) : undefined,
  },
};

const notFinite = new Set(["NaN", "Infinity", "-Infinity"]);

function isWhole(value: unknown): value is number | bigint {
  return typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
}

function micros(time: string): bigint | undefined {
  const instant = toInstant(time);
  const millis = instant === undefined ? Number.NaN : Date.parse(`${instant.slice(0, 19)}Z`);
  return Number.isNaN(millis) ? undefined : BigInt(millis) * 1000n + BigInt(instant!.slice(20, 26));
}

/** Every column may be NULL: what a value of another kind is, stands in `more`. */
export function parquetSchema(dataType: DataType): SchemaElement[] {
  const all = [...columns[dataType].map(({ name, kind }) => ({ name, ...types[kind].element })), moreColumn];
  return [
    { name: "log", num_children: all.length },
    ...all.map((element): SchemaElement => ({ ...element, repetition_type: "OPTIONAL" })),
  ];
}

const moreColumn = { name: more, ...text.element };

/** The documents, column by column. Numbers, times and ids have statistics by which readers pass over row groups. */
export function parquetColumns(dataType: DataType, sources: readonly Buffer[]): ColumnSource[] {
  const known = columns[dataType];
  const cells = known.map((): Cell[] => []);
  const rest: Cell[] = [];
  for (const source of sources) {
    const document = parseExactJson(source) as Document;
    const held = new Set<string>();
    for (const [at, { name, kind }] of known.entries()) {
      const value = document[name] ?? null;
      const cell = value === null ? null : types[kind].cell(value);
      if (cell !== undefined) held.add(name);
      cells[at]!.push(cell ?? null);
    }
    const left = others(document, (name) => held.has(name));
    rest.push(left === undefined ? null : jsonOf(left));
  }
  return [
    ...known.map(({ name, kind }, at) => ({ name, data: cells[at]!, statistics: kind !== "text", offsetIndex: false })),
    { name: more, data: rest, statistics: false, offsetIndex: false },
  ];
}

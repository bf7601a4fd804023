import { parseExactJson } from "../../stores/elasticsearch/documents/exact-json.ts";
import type { DataType } from "../partitions/log-types.ts";
import { columns, type Document, jsonOf, more, others } from "./columns.ts";

/** The first line, as RFC 4180 has it. */
export function csvHead(dataType: DataType): Buffer {
  return Buffer.from(`${[...columns[dataType].map(({ name }) => name), more].join(",")}\r\n`);
}

/** A line for each document. NULL is nothing at all, and an empty text `""`, as PostgreSQL's COPY reads them. */
export function csvLines(dataType: DataType, sources: readonly Buffer[]): Buffer {
  const known = new Set(columns[dataType].map(({ name }) => name));
  const lines = sources.map((source) => {
    const document = parseExactJson(source) as Document;
    const rest = others(document, (name) => known.has(name));
    const cells = Array.from(known, (name) => cell(document[name]));
    return `${[...cells, rest === undefined ? "" : cell(jsonOf(rest))].join(",")}\r\n`;
  });
  return Buffer.from(lines.join(""));
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : jsonOf(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

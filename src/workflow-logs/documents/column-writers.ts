import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { writeAscii, writeTextBytes } from "./json-bytes.ts";
import { type OffsetOf } from "./time-zone.ts";
import { dateText, microsPerDay, readMicros, timestampText } from "./timestamps.ts";

/** Appends one field, read from its binary form at `start`, to the document as JSON. Never called for NULL. */
export type ColumnWriter = (body: BulkBody, data: Buffer, start: number, length: number) => void;

/** What a column is read as. Types without a writer of their own are cast to text by the query. */
export type ColumnKind = "uuid" | "timestamp" | "timestamptz" | "text" | "int2" | "int4" | "int8" | "float8" | "bool";

const kinds: Readonly<Record<string, ColumnKind>> = {
  uuid: "uuid",
  timestamp: "timestamp",
  timestamptz: "timestamptz",
  text: "text",
  varchar: "text",
  bpchar: "text",
  json: "text",
  int2: "int2",
  int4: "int4",
  int8: "int8",
  float8: "float8",
  bool: "bool",
};

/**
 * The kind of a PostgreSQL type, and the cast that makes its binary form the kind's. Unknown types travel as their
 * text.
 */
export function columnKind(type: string): { kind: ColumnKind; cast: string } {
  const kind = kinds[type];
  if (kind !== undefined) return { kind, cast: "" };
  return type === "float4" ? { kind: "float8", cast: "::float8" } : { kind: "text", cast: "::text" };
}

/** The writer of each kind. `sourceOffset` says which offset a timestamp without zone gets. */
export function columnWriters(sourceOffset: OffsetOf): Readonly<Record<ColumnKind, ColumnWriter>> {
  return {
    uuid: writeUuid,
    timestamp: timestampWriter(sourceOffset),
    timestamptz: timestampWriter(() => "Z"),
    text: writeTextBytes,
    int2: (body, data, start) => writeAscii(body, String(data.readInt16BE(start))),
    int4: (body, data, start) => writeAscii(body, String(data.readInt32BE(start))),
    int8: (body, data, start) => writeAscii(body, String(data.readBigInt64BE(start))),
    float8: (body, data, start) => writeAscii(body, doubleJson(data.readDoubleBE(start))),
    bool: (body, data, start) => writeAscii(body, data[start] === 1 ? "true" : "false"),
  };
}

/** The shortest decimal that reads back as the same double; what JSON has no number for goes as a string. */
export function doubleJson(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0.0" : String(value);
}

const quote = 0x22;
const dash = 0x2d;
const hexPairs = Uint8Array.from({ length: 512 }, (_, at) =>
  (at >> 1)
    .toString(16)
    .padStart(2, "0")
    .charCodeAt(at & 1),
);

/** Writes the 36 characters of a uuid at `at`; returns the position behind them. */
export function writeUuidText(out: Uint8Array, at: number, data: Uint8Array, start: number): number {
  let position = at;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) out[position++] = dash;
    const pair = data[start + i]! << 1;
    out[position++] = hexPairs[pair]!;
    out[position++] = hexPairs[pair + 1]!;
  }
  return position;
}

function writeUuid(body: BulkBody, data: Buffer, start: number): void {
  body.reserve(38);
  body.buffer[body.length] = quote;
  const end = writeUuidText(body.buffer, body.length + 1, data, start);
  body.buffer[end] = quote;
  body.length = end + 1;
}

const zero = 0x30;
const colon = 0x3a;
const exactMicros = 2 ** 53;

/**
 * `"YYYY-MM-DDTHH:MM:SS.ffffffZ"`, all six digits, so that equal instants have equal text. Odd ones in PostgreSQL's own
 * spelling.
 */
function timestampWriter(offsetOf: OffsetOf): ColumnWriter {
  let cachedDay = Number.NaN;
  let cachedText = "";
  return (body, data, start) => {
    const micros = readMicros(data, start);
    if (Math.abs(micros) >= exactMicros) return writeFarTimestamp(body, timestampText(data, start), micros, offsetOf);
    const offset = offsetOf(micros);
    const day = Math.floor(micros / microsPerDay);
    if (day !== cachedDay) {
      cachedDay = day;
      cachedText = `"${dateText(day)}T`;
    }
    body.reserve(36);
    const out = body.buffer;
    let at = body.length + out.write(cachedText, body.length, "latin1");
    const inDay = micros - day * microsPerDay;
    const seconds = Math.floor(inDay / 1_000_000);
    at = writeTwo(out, at, Math.floor(seconds / 3600));
    out[at++] = colon;
    at = writeTwo(out, at, Math.floor(seconds / 60) % 60);
    out[at++] = colon;
    at = writeTwo(out, at, seconds % 60);
    out[at++] = 0x2e;
    const micro = inDay - seconds * 1_000_000;
    at = writeTwo(out, at, Math.floor(micro / 10_000));
    at = writeTwo(out, at, Math.floor(micro / 100) % 100);
    at = writeTwo(out, at, micro % 100);
    for (let i = 0; i < offset.length; i++) out[at++] = offset.charCodeAt(i);
    out[at++] = quote;
    body.length = at;
  };
}

/**
 * A timestamp more than 285 years from 2000, which a number would round: into another year at the ends of 1 to 9999.
 */
function writeFarTimestamp(body: BulkBody, text: string, micros: number, offsetOf: OffsetOf): void {
  const isOfFourDigitYear = /^\d{4}-.*\d$/.test(text); // no infinity, no year beyond 9999, none before Christ
  writeAscii(body, isOfFourDigitYear ? `"${text.replace(" ", "T")}${offsetOf(micros)}"` : `"${text}"`);
}

function writeTwo(out: Uint8Array, at: number, value: number): number {
  out[at] = zero + Math.floor(value / 10);
  out[at + 1] = zero + (value % 10);
  return at + 2;
}

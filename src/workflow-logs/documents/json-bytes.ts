import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { writeEscaped } from "./json-text.ts";

const quote = 0x22;
const comma = 0x2c;

/** Appends bytes that are JSON already. */
export function writeRaw(body: BulkBody, bytes: Uint8Array): void {
  body.reserve(bytes.length);
  body.buffer.set(bytes, body.length);
  body.length += bytes.length;
}

/** Appends UTF-8 text as a JSON string, quotes included. */
export function writeTextBytes(body: BulkBody, source: Buffer, start: number, length: number): void {
  body.reserve(1);
  body.buffer[body.length++] = quote;
  writeEscaped(body, source, start, start + length);
  body.reserve(1);
  body.buffer[body.length++] = quote;
}

/** Appends a string as a JSON string; lone surrogates, such as a cut leaves behind, become U+FFFD. */
export function writeString(body: BulkBody, text: string): void {
  const json = JSON.stringify(text.toWellFormed());
  body.reserve(3 * json.length);
  body.length += body.buffer.write(json, body.length, "utf8");
}

/** Appends text of which every character is ASCII. */
export function writeAscii(body: BulkBody, text: string): void {
  body.reserve(text.length);
  body.length += body.buffer.write(text, body.length, "latin1");
}

/** `,"name":` as bytes; without the comma for the first member. */
export function memberPrefix(name: string, first: boolean): Uint8Array {
  return Buffer.from(`${first ? "" : String.fromCharCode(comma)}${JSON.stringify(name)}:`, "utf8");
}

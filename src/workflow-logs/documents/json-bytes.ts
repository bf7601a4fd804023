import type { BulkBody } from "../../stores/elasticsearch/bulk-body.ts";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** How each byte of UTF-8 stands in a JSON string: 0 as it is, 1 as `\u00xx`, else the letter behind the backslash. */
const escapes = new Uint8Array(256).fill(1, 0, 0x20);
for (const [byte, letter] of ['""', "\\\\", "\bb", "\ff", "\nn", "\rr", "\tt"].map((pair) => [
  pair.charCodeAt(0),
  pair.charCodeAt(1),
])) {
  escapes[byte!] = letter!;
}

const hexDigits = Buffer.from("0123456789abcdef", "latin1");

/** Appends bytes that are JSON already. */
export function writeRaw(body: BulkBody, bytes: Uint8Array): void {
  body.reserve(bytes.length);
  body.buffer.set(bytes, body.length);
  body.length += bytes.length;
}

/** Appends UTF-8 text as a JSON string, quotes included. */
export function writeTextBytes(body: BulkBody, source: Uint8Array, start: number, length: number): void {
  body.reserve(2 * length + 2);
  body.buffer[body.length++] = quote;
  writeEscaped(body, source, start, start + length);
  body.reserve(1);
  body.buffer[body.length++] = quote;
}

const sliceBytes = 64 * 1024;

/** The same for text of many MB: room is made as it is needed, where twice the text at once would be too much. */
export function writeLongTextBytes(body: BulkBody, source: Uint8Array): void {
  body.reserve(source.length + 2);
  body.buffer[body.length++] = quote;
  for (let at = 0; at < source.length; at += sliceBytes) {
    const end = Math.min(at + sliceBytes, source.length);
    body.reserve(2 * (end - at));
    writeEscaped(body, source, at, end);
  }
  body.reserve(1);
  body.buffer[body.length++] = quote;
}

/** Appends the inside of a JSON string. The caller has reserved two bytes for each of the source. */
function writeEscaped(body: BulkBody, source: Uint8Array, start: number, end: number): void {
  let out = body.buffer;
  let at = body.length;
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    const escape = escapes[byte]!;
    if (escape === 0) {
      out[at++] = byte;
    } else if (escape !== 1) {
      out[at++] = backslash;
      out[at++] = escape;
    } else {
      body.length = at;
      body.reserve(6 + 2 * (end - i)); // a control character takes six bytes, beyond the two reserved for each
      out = body.buffer;
      out.set(controlEscape, at);
      out[at + 4] = hexDigits[byte >> 4]!;
      out[at + 5] = hexDigits[byte & 15]!;
      at += 6;
    }
  }
  body.length = at;
}

const controlEscape = Buffer.from("\\u00", "latin1");

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

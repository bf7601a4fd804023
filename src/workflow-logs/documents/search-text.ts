import { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { writeRaw } from "./json-bytes.ts";
import { JsonReader } from "./json-text.ts";

export type SearchTextMode = "off" | "bounded" | "full";

/**
 * UTF-16 units of search text that each column gives: enough to find a log by what was asked and answered, small beside
 * what indexing costs.
 */
export const searchUnits: Readonly<Record<SearchTextMode, number>> = { off: 0, bounded: 1000, full: 1_000_000 };

/**
 * How much JSON is looked at for so many units: an escaped character takes up to six bytes, and as much again may be
 * keys and punctuation.
 */
export function searchedChars(units: number): number {
  return 12 * units;
}

/** What stands between two words, inside of a JSON string. */
export const lineEnd = Buffer.from("\\n");

/**
 * Appends the words that a person would search for in a JSON column, as the inside of a JSON string: its string and
 * number values, escapes decoded, keys left out, separated by line ends, at most `limit` UTF-16 units. Never fails:
 * what is not JSON (plain text, NaN, cut-off text) gives the text it has. Returns whether there was any.
 */
export function writeSearchText(body: BulkBody, source: Buffer, start: number, end: number, limit: number): boolean {
  const before = body.length;
  const first = source[behindSpace(source, start, end)];
  const reader = new JsonReader(source, start, end, limit);
  if (first === brace || first === bracket || first === quote) writeValues(body, source, end, reader);
  else reader.copyText(body, end, false);
  return body.length > before;
}

/** The same for a string that is at hand. */
export function searchText(json: string, limit: number): string {
  const bytes = Buffer.from(json);
  const body = new BulkBody(bytes.length);
  writeSearchText(body, bytes, 0, bytes.length, limit);
  return JSON.parse(`"${body.bytes().toString()}"`) as string;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const brace = 0x7b;
const closingBrace = 0x7d;
const bracket = 0x5b;
const closingBracket = 0x5d;

function writeValues(body: BulkBody, source: Buffer, end: number, reader: JsonReader): void {
  const start = body.length;
  while (reader.at < end && reader.room > 0) {
    const byte = source[reader.at]!;
    if (byte === quote) {
      reader.at++;
      writeWord(body, start, reader, () => {
        reader.copyText(body, end, true);
        return !endString(source, end, reader);
      });
    } else if (isBare(byte)) {
      const wordEnd = bareEnd(source, reader.at, end);
      if (!isLiteral(source, reader.at, wordEnd)) {
        writeWord(body, start, reader, () => {
          reader.copyText(body, wordEnd, false);
          return true;
        });
      }
      reader.at = wordEnd;
    } else {
      reader.at++;
    }
  }
}

/**
 * What `write` writes, with a line end before it unless it is the first since `start`; nothing when that is empty or
 * turns out to be no word.
 */
function writeWord(body: BulkBody, start: number, reader: JsonReader, write: () => boolean): void {
  const { room } = reader;
  const before = body.length;
  if (before > start) writeRaw(body, lineEnd);
  const wordStart = body.length;
  const isWord = write();
  if (isWord && body.length > wordStart) {
    reader.room--; // the line end behind it
  } else {
    body.length = before;
    reader.room = room;
  }
}

/** Moves behind the string, which may not have been read to its end; returns whether it is a key. */
function endString(source: Buffer, end: number, reader: JsonReader): boolean {
  let { at } = reader;
  while (at < end && source[at] !== quote) at += source[at] === backslash ? 2 : 1;
  reader.at = Math.min(at + 1, end);
  const next = behindSpace(source, reader.at, end);
  return next < end && source[next] === colon;
}

function behindSpace(source: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && source[at]! <= 0x20) at++;
  return at;
}

/** A character of a number or bare word, as opposed to white space and punctuation. */
function isBare(byte: number): boolean {
  return (
    byte > 0x20 &&
    byte !== comma &&
    byte !== colon &&
    byte !== brace &&
    byte !== closingBrace &&
    byte !== bracket &&
    byte !== closingBracket
  );
}

function bareEnd(source: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isBare(source[at]!) && source[at] !== quote) at++;
  return at;
}

const literals = ["true", "false", "null"].map((word) => Buffer.from(word));

function isLiteral(source: Buffer, start: number, end: number): boolean {
  return literals.some((word) => word.length === end - start && word.compare(source, start, end) === 0);
}

/**
 * The words a person would search for in a JSON column: its string and number values, escapes decoded, keys left out, separated by line
 * ends, at most `limit` UTF-16 units. Never fails: what is not JSON (plain text, NaN, cut-off text) gives the text it has.
 */
export function searchText(json: string, limit: number): string {
  const first = json.trimStart().charCodeAt(0);
  if (first !== brace && first !== bracket && first !== quote) return json.slice(0, limit);
  const found: string[] = [];
  let room = limit;
  let at = 0;
  while (at < json.length && room > 0) {
    const code = json.charCodeAt(at);
    let piece: string | undefined;
    if (code === quote) {
      const end = stringEnd(json, at + 1);
      if (!isKey(json, end + 1)) piece = decode(cut(json, at + 1, end, 6 * room));
      at = end + 1;
    } else if (isBare(code)) {
      const end = bareEnd(json, at);
      const word = json.slice(at, end);
      if (!literals.has(word)) piece = word;
      at = end;
    } else {
      at++;
    }
    if (piece === undefined || piece === "") continue;
    piece = piece.slice(0, room);
    found.push(piece);
    room -= piece.length + 1;
  }
  return found.join("\n");
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const brace = 0x7b;
const bracket = 0x5b;
const literals = new Set(["true", "false", "null"]);

/** The position of the quote that ends the string, or the end of the text. A quote behind an odd number of backslashes is part of it. */
function stringEnd(json: string, from: number): number {
  for (let at = json.indexOf('"', from); at !== -1; at = json.indexOf('"', at + 1)) {
    let first = at;
    while (first > from && json.charCodeAt(first - 1) === backslash) first--;
    if ((at - first) % 2 === 0) return at;
  }
  return json.length;
}

function isKey(json: string, from: number): boolean {
  let at = from;
  while (json.charCodeAt(at) <= 0x20) at++;
  return json.charCodeAt(at) === colon;
}

/** A character of a number or bare word, as opposed to white space and punctuation. */
function isBare(code: number): boolean {
  return (
    code > 0x20 &&
    code !== 0x2c &&
    code !== colon &&
    code !== brace &&
    code !== 0x7d &&
    code !== bracket &&
    code !== 0x5d
  );
}

function bareEnd(json: string, from: number): number {
  let at = from;
  while (at < json.length && isBare(json.charCodeAt(at)) && json.charCodeAt(at) !== quote) at++;
  return at;
}

/** The text of a JSON string's inside. JSON.parse is the fastest decoder there is; what it refuses is decoded leniently. */
function decode(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  try {
    return JSON.parse(`"${escaped}"`) as string;
  } catch {
    return decodeLeniently(escaped);
  }
}

const letters: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: " ", f: " " };

function decodeLeniently(escaped: string): string {
  return escaped.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.)|$)/gs,
    (_, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return letter === undefined ? "" : (letters[letter] ?? letter);
    },
  );
}

/** Up to `units` of the raw text, not ending inside an escape. */
function cut(json: string, from: number, end: number, units: number): string {
  if (from + units >= end) return json.slice(from, end);
  const raw = json.slice(from, from + units);
  const last = raw.lastIndexOf("\\");
  let first = last;
  while (first > 0 && raw.charCodeAt(first - 1) === backslash) first--;
  const beginsEscape = last >= 0 && (last - first) % 2 === 0;
  const whole = raw.charAt(last + 1) === "u" ? 6 : 2;
  return beginsEscape && last + whole > raw.length ? raw.slice(0, last) : raw;
}

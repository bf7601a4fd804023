/** Finds its way through valid JSON without parsing it. */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Visits the members of the object that begins at `start`: where the key with its quotes is, and where the value is,
 * white space around it included. Returns the position behind the object. Throws SyntaxError where it is none.
 */
export function forEachMember(
  json: Buffer,
  start: number,
  visit: (keyStart: number, keyEnd: number, from: number, to: number) => void,
): number {
  return walkObject(json, start, (keyStart, keyEnd, from) => {
    const to = behindSpace(json, valueEnd(json, from));
    visit(keyStart, keyEnd, from, to);
    return to;
  });
}

/** The same for a caller that finds the end of each value itself, while it reads it. */
export function walkObject(
  json: Buffer,
  start: number,
  endOf: (keyStart: number, keyEnd: number, from: number) => number,
): number {
  let at = behindSpace(json, start + 1);
  while (json[at] === quote) {
    const keyEnd = stringEnd(json, at);
    const colonAt = behindSpace(json, keyEnd);
    if (json[colonAt] !== colon) throw new SyntaxError(`expected a colon at ${colonAt}`);
    const end = behindSpace(json, endOf(at, keyEnd, colonAt + 1));
    at = json[end] === comma ? behindSpace(json, end + 1) : end;
  }
  if (json[at] !== closeBrace) throw new SyntaxError(`expected the end of an object at ${at}`);
  return at + 1;
}

function behindSpace(json: Buffer, from: number): number {
  let at = from;
  while (json[at]! <= 0x20) at++;
  return at;
}

/** The position behind the value that begins at `start`. */
export function valueEnd(json: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const byte = json[at]!;
    if (byte === quote) {
      at = stringEnd(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return at; // the end of what holds a bare value
      if (--depth === 0) return at + 1;
    } else if (byte === comma && depth === 0) return at;
    at++;
  }
  throw new SyntaxError("the answer ends inside a value");
}

/** The position behind the string that begins at `start`. */
export function stringEnd(json: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    at = json.indexOf(quote, at);
    if (at < 0) throw new SyntaxError("the answer ends inside a string");
    let slashes = 0;
    while (json[at - 1 - slashes] === backslash) slashes++;
    at++;
    if (slashes % 2 === 0) return at;
  }
}

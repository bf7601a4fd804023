const star = 0x2a;
const question = 0x3f;
const bracket = 0x5b;
const closing = 0x5d;
const backslash = 0x5c;
const caret = 0x5e;
const dash = 0x2d;

/**
 * Whether the whole text fits Redis' pattern: * ? [ab] [a-z] [^a] and \ before what stands for itself. Byte by byte;
 * linear but for the last star.
 */
export function matchesGlob(pattern: Buffer, text: Buffer): boolean {
  let at = 0;
  let read = 0;
  let starAt = -1; // behind the last star
  let starRead = 0;
  while (read < text.length) {
    const next = at < pattern.length && pattern[at] !== star ? matchOne(pattern, at, text[read]!) : -1;
    if (next >= 0) {
      at = next;
      read += 1;
    } else if (pattern[at] === star && at < pattern.length) {
      starAt = at += 1;
      starRead = read;
    } else if (starAt >= 0) {
      at = starAt; // the last star takes one byte more
      read = starRead += 1;
    } else return false;
  }
  while (pattern[at] === star) at += 1;
  return at >= pattern.length;
}

/** Where the pattern goes on behind what fits this byte; -1 when it does not fit. */
function matchOne(pattern: Buffer, at: number, byte: number): number {
  switch (pattern[at]) {
    case question:
      return at + 1;
    case bracket:
      return matchClass(pattern, at + 1, byte);
    case backslash:
      if (at + 1 < pattern.length) return pattern[at + 1] === byte ? at + 2 : -1;
      return byte === backslash ? at + 1 : -1;
    default:
      return pattern[at] === byte ? at + 1 : -1;
  }
}

/** A class that is not closed ends with the pattern, as in Redis. */
function matchClass(pattern: Buffer, start: number, byte: number): number {
  const negated = pattern[start] === caret;
  let at = negated ? start + 1 : start;
  let found = false;
  for (; at < pattern.length && pattern[at] !== closing; at += 1) {
    if (pattern[at] === backslash && at + 1 < pattern.length) {
      at += 1;
      if (pattern[at] === byte) found = true;
    } else if (at + 2 < pattern.length && pattern[at + 1] === dash) {
      const [low, high] = [pattern[at]!, pattern[at + 2]!].toSorted((one, other) => one - other) as [number, number];
      if (byte >= low && byte <= high) found = true;
      at += 2;
    } else if (pattern[at] === byte) found = true;
  }
  return found === negated ? -1 : Math.min(at + 1, pattern.length);
}

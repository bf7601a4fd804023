const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Finds the end of one JSON value whose bytes arrive piece by piece, without parsing it. `bytes` begins with the value
 * and grows; what was looked at is not looked at again. Says only where the value ends: whether it is JSON in between
 * is for JSON.parse.
 */
export class ValueScanner {
  private at = 0;
  private depth = 0;
  private inString = false;

  /** The index behind the value; undefined when it goes on behind these bytes. A number ends with what follows it. */
  end(bytes: Buffer): number | undefined {
    while (this.at < bytes.length) {
      if (this.inString) {
        if (!this.leaveString(bytes)) return undefined;
        if (this.depth === 0) return this.at;
        continue;
      }
      const byte = bytes[this.at]!;
      if (byte === quote) this.inString = true;
      else if (byte === openBrace || byte === openBracket) this.depth++;
      else if (byte === closeBrace || byte === closeBracket) {
        if (this.depth === 0) return this.at; // of the object around a number
        if (--this.depth === 0) return this.at + 1;
      } else if (this.depth === 0 && (byte === comma || isSpace(byte))) return this.at;
      this.at++;
    }
    return undefined;
  }

  private leaveString(bytes: Buffer): boolean {
    for (;;) {
      const found = bytes.indexOf(quote, this.at);
      if (found < 0) {
        this.at = bytes.length;
        return false;
      }
      this.at = found + 1;
      if (isEscaped(bytes, found)) continue;
      this.inString = false;
      return true;
    }
  }
}

/** An odd number of backslashes stands before it. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let before = at;
  while (bytes[before - 1] === backslash) before--;
  return (at - before) % 2 === 1;
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

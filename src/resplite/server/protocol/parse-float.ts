const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const infinite = /^([+-]?)inf(?:inity)?$/i;
const hexadecimal = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;

/** As C's strtod reads a whole text, in decimal or hexadecimal; NaN where it would leave something over. */
export function parseDouble(text: string): number {
  if (decimal.test(text)) return Number(text);
  const sign = infinite.exec(text)?.[1];
  if (sign !== undefined) return sign === "-" ? -Infinity : Infinity;
  const [, minus, whole = "", fraction = "", power = "0"] = hexadecimal.exec(text) ?? [];
  if (whole === "" && fraction === "") return Number.NaN;
  const magnitude = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(power) - 4 * fraction.length);
  return minus === "-" ? -magnitude : magnitude;
}

/** A score or an increment. NaN for what Redis refuses: space around it, too large or too small for a double, "nan". */
export function parseScore(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  const value = parseDouble(text);
  const outOfRange =
    (Math.abs(value) === Infinity && !infinite.test(text)) || (value === 0 && /[1-9a-f]/i.test(mantissa(text)));
  return outOfRange ? Number.NaN : value;
}

function mantissa(text: string): string {
  return /^[+-]?0x/i.test(text) ? text.replace(/^[+-]?0x/i, "").replace(/p.*$/i, "") : text.replace(/e.*$/i, "");
}

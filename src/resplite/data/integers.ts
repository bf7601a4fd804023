/** A 64-bit integer: a number while it is safe as one, else a bigint. */
export type Int64 = number | bigint;

const max = 2n ** 63n - 1n;
const min = -(2n ** 63n);

/**
 * Strictly as Redis reads one: no sign but a minus, no leading zero, no space, within 64 bits. Undefined for all else.
 */
export function parseInt64(bytes: Buffer): Int64 | undefined {
  const { length } = bytes;
  if (length === 0 || length > 20) return undefined;
  const negative = bytes[0] === 0x2d;
  const start = negative ? 1 : 0;
  if (start === length) return undefined;
  if (bytes[start] === 0x30) return length === 1 ? 0 : undefined;
  let number = 0;
  for (let at = start; at < length; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  if (length - start <= 15) return negative ? -number : number;
  const exact = BigInt(bytes.toString("latin1"));
  return exact >= min && exact <= max ? narrow(exact) : undefined;
}

/** Undefined when the sum has more than 64 bits. */
export function addInt64(a: Int64, b: Int64): Int64 | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(a) + BigInt(b);
  return sum >= min && sum <= max ? narrow(sum) : undefined;
}

/** Undefined for the one that has no opposite. */
export function negateInt64(value: Int64): Int64 | undefined {
  if (typeof value === "number") return 0 - value; // never -0
  return value === min ? undefined : narrow(-value);
}

function narrow(value: bigint): Int64 {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

import { CommandError } from "../data/errors.ts";
import type { Int64 } from "../data/integers.ts";

const max = 2n ** 63n - 1n;
const min = -(2n ** 63n);

export interface ExpiryUnit {
  /** Milliseconds of one. */
  readonly factor: 1 | 1000;
  /** Whether the value is a time, not a duration. */
  readonly absolute: boolean;
}

export const expiryUnits: Record<"EX" | "PX" | "EXAT" | "PXAT", ExpiryUnit> = {
  EX: { factor: 1000, absolute: false },
  PX: { factor: 1, absolute: false },
  EXAT: { factor: 1000, absolute: true },
  PXAT: { factor: 1, absolute: true },
};

/** Milliseconds since 1970, perhaps passed. @throws CommandError when it has more than 64 bits */
export function expiryTime(value: Int64, { factor, absolute }: ExpiryUnit, now: number, command: string): number {
  if (typeof value === "number" && Math.abs(value) < 1e12) return value * factor + (absolute ? 0 : now);
  const milliseconds = BigInt(value) * BigInt(factor);
  const time = absolute ? milliseconds : milliseconds + BigInt(now);
  if (milliseconds > max || milliseconds < min || time > max) throw invalidExpiry(command);
  // beyond what node:sqlite reads as a number, and what a clock of 285,000 years shows
  return Number(time > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : time);
}

export function invalidExpiry(command: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${command}' command`);
}

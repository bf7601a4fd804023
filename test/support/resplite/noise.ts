import type { Prng } from "../../../dev/sample-logs/prng.ts";
import { encode } from "./raw-client.ts";

/** Frames that are broken, and whole ones that only read or are refused. */
export function noise(prng: Prng): string {
  const bytes = (most: number): string =>
    Array.from({ length: prng.integer(0, most) }, () => String.fromCharCode(prng.integer(0, 255))).join("");
  const whole = encode([
    prng.pick(["GET", "HGETALL", "ZRANGE", "LRANGE", "SCAN", "TYPE", "SET", "CLIENT", "HELLO", "OBJECT"]),
    ...(prng.chance(0.5) ? [bytes(8)] : []),
  ]);
  const at = prng.integer(0, whole.length - 1);
  return prng.pick([
    () => whole,
    () => whole.slice(0, at),
    () => whole.slice(0, at) + String.fromCharCode(prng.integer(0, 255)) + whole.slice(at + 1),
    () => `*${prng.integer(-5, 1_000_000)}\r\n`,
    () => `$${prng.integer(-5, 1_000_000_000)}\r\n`,
    () => bytes(40),
    () => `${bytes(20)}\r\n`,
    () => '"\\x',
  ])();
}

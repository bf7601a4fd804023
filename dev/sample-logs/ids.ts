import type { Prng } from "./prng.ts";

const hex = Array.from({ length: 0x1_0000 }, (_, value) => value.toString(16).padStart(4, "0"));

export function uuidV4(prng: Prng): string {
  const [a, b, c, d] = [prng.uint32(), prng.uint32(), prng.uint32(), prng.uint32()];
  const version = 0x4000 | (b & 0x0fff);
  const variant = 0x8000 | (c >>> 18);
  return `${group(a >>> 16)}${group(a)}-${group(b >>> 16)}-${group(version)}-${group(variant)}-${group(c)}${group(d >>> 16)}${group(d)}`;
}

/** Time ordered by `micros` (since 1970), as Dify makes the ids of its newer tables. */
export function uuidV7(prng: Prng, micros: number): string {
  const millis = Math.floor(micros / 1000);
  const high = Math.floor(millis / 0x1_0000);
  const [a, b] = [prng.uint32(), prng.uint32()];
  const version = 0x7000 | (a & 0x0fff);
  const variant = 0x8000 | (a >>> 18);
  return `${group(high >>> 16)}${group(high)}-${group(millis % 0x1_0000)}-${group(version)}-${group(variant)}-${group(b >>> 16)}${group(b)}${group(prng.uint32())}`;
}

function group(value: number): string {
  return hex[value & 0xffff] ?? "";
}

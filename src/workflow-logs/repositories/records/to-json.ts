/** A value in which everything is what JSON can hold. */
export type Jsonable<T> = T extends bigint | number
  ? number | string
  : T extends readonly (infer Item)[]
    ? readonly Jsonable<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: Jsonable<T[Name]> }
      : T;

/**
 * The record, or a page of them, ready for JSON.stringify, which refuses bigints and makes null of NaN. As in
 * documents and with `--json`: a bigint beyond 2^53 becomes its digits as a string, NaN and infinities become "NaN",
 * "Infinity" and "-Infinity", everything else stays. JSON columns stay the text that they are.
 *
 * @example
 * ```ts
 * import { toJson } from "log-archive";
 *
 * console.log(JSON.stringify(toJson({ totalTokens: 1234n, elapsedTime: Number.NaN })));
 * ```
 */
export function toJson<T>(value: T): Jsonable<T> {
  return converted(value) as Jsonable<T>;
}

function converted(value: unknown): unknown {
  if (typeof value === "bigint") {
    const isExact = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    return isExact ? Number(value) : String(value);
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(converted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, converted(member)]));
}

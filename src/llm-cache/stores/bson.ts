import { type CacheRecord, exactNumber, isExactNumber, type Json } from "../entries/cache-entry.ts";

/** Of a record that a store of this kind can never hold; the message says what of it. */
export class UnstorableError extends Error {
  constructor(name: "FieldTypeError" | "InvalidTextError" | "ValueTooLargeError", message: string) {
    super(message);
    this.name = name;
  }
}

const mostInt64 = 2n ** 63n;

/**
 * The record as a document without its _id; integers beyond 32 bits are 64-bit ones, as Python's driver writes them.
 */
export function toBson({ _id, ...record }: CacheRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [checked(name), toValue(value, name)]));
}

function toValue(value: Json, field: string): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return checked(value);
  if (typeof value === "number")
    return Number.isSafeInteger(value) && Math.abs(value) >= 2 ** 31 ? BigInt(value) : value;
  if (isExactNumber(value)) return toNumber(value.rawJSON, field);
  if (Array.isArray(value)) return value.map((element) => toValue(element, field));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [checked(name), toValue(member, field)]));
}

function toNumber(digits: string, field: string): number | bigint {
  if (!/^-?\d+$/.test(digits)) {
    if (Number.isFinite(Number(digits))) return Number(digits);
  } else {
    const integer = BigInt(digits);
    if (integer >= -mostInt64 && integer < mostInt64) return integer;
    if (BigInt(Number(digits)) === integer) return Number(digits); // a double holds it whole
  }
  throw new UnstorableError("FieldTypeError", `${field} holds ${digits}, for which MongoDB has no number`);
}

/** BSON's text is UTF-8; the driver would write another character for half a pair. */
function checked(text: string): string {
  if (text.isWellFormed()) return text;
  throw new UnstorableError("InvalidTextError", "it holds half a surrogate pair");
}

/** A document as JSON. Long integers keep their digits. Throws UnstorableError for a value that JSON does not have. */
export function textOf(document: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(document).map(([name, value]) => [name, toJson(value, name)])),
  );
}

function toJson(value: unknown, field: string): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return exactNumber(String(value));
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw noJson(field, `number that is ${value}`);
  }
  if (Array.isArray(value)) return value.map((element) => toJson(element, field));
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) {
    throw noJson(field, value?.constructor.name ?? "value");
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member, field)]));
}

function noJson(field: string, kind: string): UnstorableError {
  return new UnstorableError("FieldTypeError", `${field} holds a ${kind}, which JSON does not have`);
}

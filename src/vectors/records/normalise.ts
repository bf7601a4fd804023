import { AppError } from "../../engine/errors.ts";
import { type Field, fields, isFieldName, type Json, type Properties } from "./fields.ts";

/** A record that no store could keep as it is. Nothing was written. */
function unfit(what: string): AppError {
  return new AppError("invalid_record", what, { hint: "Correct the record and write it again." });
}

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/**
 * Numbers up to 2^53 as numbers, larger ones as bigint, so that equal values are equal. Text of digits is what Milvus
 * answers with.
 */
export function int64(value: unknown, name: string): number | bigint {
  const isWhole =
    typeof value === "bigint" || Number.isInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value));
  if (!isWhole || (typeof value === "number" && !Number.isSafeInteger(value)))
    throw unfit(`${name} must be a whole number that is kept exactly.`);
  const big = BigInt(value as string | number | bigint);
  if (big < least || big > most) throw unfit(`${name} is beyond 64 bits.`);
  const number = Number(big);
  return Number.isSafeInteger(number) ? number : big;
}

/**
 * Text that UTF-8 can carry; half a surrogate pair would become another character in one store and an error in the
 * other.
 */
export function wellFormed(value: unknown, name: string): string {
  if (typeof value !== "string") throw unfit(`${name} must be text.`);
  if (!value.isWellFormed()) throw unfit(`${name} has half of a surrogate pair, which UTF-8 cannot carry.`);
  return value;
}

function strings(value: unknown, name: string): readonly string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.map((item) => wellFormed(item, name));
}

/**
 * The JSON value behind `value`: Weaviate may hold its text, or lists and objects of its own. Text that is no JSON is a
 * value itself.
 */
function json(value: unknown, name: string): Json {
  let inner: unknown = value;
  try {
    // text of text: so that reading and writing it again changes nothing
    while (typeof inner === "string") inner = parsed(inner, name);
  } catch {
    return wellFormed(inner, name);
  }
  return parsed(JSON.stringify(inner), name);
}

function parsed(text: string | undefined, name: string): Json {
  if (text === undefined) throw unfit(`${name} is no JSON.`);
  if (!text.isWellFormed()) throw unfit(`${name} has half of a surrogate pair, which UTF-8 cannot carry.`);
  return JSON.parse(text) as Json;
}

function valueOf({ kind }: Field, value: unknown, name: string): unknown {
  if (kind === "int64") return int64(value, name);
  if (kind === "text") return wellFormed(value, name);
  if (kind === "strings") return strings(value, name);
  return json(value, name);
}

export interface Normalised {
  /** The declared properties that are not null. */
  readonly properties: Properties;
  /** Properties that an application added to its collection: kept as they are. */
  readonly extra: Readonly<Record<string, Json>>;
}

/**
 * Properties as both stores give them back: of the declared types, without nulls, tagIds null or a list. Done once,
 * whatever the record comes from.
 * @throws AppError invalid_record for a value that would not come back as it is
 */
export function normalise(given: Readonly<Record<string, unknown>>): Normalised {
  const properties: Record<string, unknown> = {};
  const extra: [string, Json][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    if (isFieldName(name)) properties[name] = valueOf(fields[name], value, name);
    else extra.push([name, parsed(JSON.stringify(value), name)]);
  }
  if (properties["recordType"] === "note") properties["tagIds"] ??= idsOfTags(properties["tags"]);
  if ((properties["tagIds"] as readonly string[] | undefined)?.length === 0) delete properties["tagIds"];
  if (properties["tagIds"] === undefined) delete properties["tagIds"];
  if (properties["recordType"] === "noteBody" && properties["type"] !== "journal") properties["type"] = "note";
  return { properties: properties, extra: Object.fromEntries(extra) };
}

function idsOfTags(tags: unknown): string[] | undefined {
  if (!Array.isArray(tags)) return undefined;
  const ids = tags.map((tag: unknown) => (tag as { uniqueid?: unknown } | null)?.uniqueid);
  return ids.every((id) => typeof id === "string") ? ids : undefined;
}

/**
 * The vector in float32, as both stores keep it; a list, or an object of the form {0: x, 1: y}. Null when there is
 * none.
 */
export function normaliseVector(given: unknown): readonly number[] | null {
  if (given === null || given === undefined) return null;
  const list =
    Array.isArray(given) || ArrayBuffer.isView(given) ? Array.from(given as ArrayLike<unknown>) : Object.values(given);
  const vector = list.map((value) => (typeof value === "number" ? Math.fround(value) : Number.NaN));
  if (vector.length === 0) return null;
  if (!vector.every(Number.isFinite)) throw unfit("The vector must hold finite numbers only.");
  return vector;
}

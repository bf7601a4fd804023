import { isDeepStrictEqual } from "node:util";

/** Which logs two answers differ in, and in which fields; never what these say. */
export interface AnswerDifference {
  readonly ids: readonly string[];
  readonly fields: readonly string[];
}

/** Undefined for equal answers. */
export function answerDifference(expected: unknown, found: unknown): AnswerDifference | undefined {
  if (isDeepStrictEqual(expected, found)) return undefined;
  const ids = new Set<string>();
  const fields = new Set<string>();
  note(expected, found, "", { ids, fields });
  return { ids: [...ids].slice(0, mostIds), fields: [...fields].toSorted() };
}

/** More make a line of the log that nobody reads. */
const mostIds = 20;

interface Notes {
  readonly ids: Set<string>;
  readonly fields: Set<string>;
}

function note(expected: unknown, found: unknown, field: string, notes: Notes): void {
  if (isDeepStrictEqual(expected, found)) return;
  if (Array.isArray(expected) && Array.isArray(found)) return noteLists(expected, found, notes);
  if (!isObject(expected) || !isObject(found)) {
    for (const log of [expected, found]) if (isLog(log)) notes.ids.add(log.id);
    notes.fields.add(field === "" ? nameOf(expected, found) : field);
    return;
  }
  if (isLog(expected)) notes.ids.add(expected.id);
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)]))
    if (!isDeepStrictEqual(expected[name], found[name])) note(expected[name], found[name], name, notes);
}

function noteLists(expected: readonly unknown[], found: readonly unknown[], notes: Notes): void {
  const others = new Map(found.filter(isLog).map((log) => [log.id, log]));
  for (const log of expected.filter(isLog)) note(log, others.get(log.id), "id", notes);
  const known = new Set(expected.filter(isLog).map(({ id }) => id));
  for (const log of others.values()) if (!known.has(log.id)) note(undefined, log, "id", notes);
  const rest = [expected, found].map((list) => list.filter((item) => !isLog(item)));
  for (let at = 0; at < Math.max(rest[0]!.length, rest[1]!.length); at++)
    note(rest[0]![at] ?? {}, rest[1]![at] ?? {}, "", notes);
  if (notes.fields.size === 0) notes.fields.add("order");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isLog(value: unknown): value is Record<string, unknown> & { readonly id: string } {
  return isObject(value) && typeof value["id"] === "string";
}

function nameOf(expected: unknown, found: unknown): string {
  return isLog(expected) || isLog(found) ? "id" : "value";
}

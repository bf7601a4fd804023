import { comparison, type Position } from "../../records/ordered-documents.ts";

/** The first `limit` of both lists by (created_at, id); a log that is in both once, as the first has it. */
export function mergedList<T extends Position>(
  direction: "asc" | "desc",
  limit = Number.POSITIVE_INFINITY,
): (own: readonly T[], other: readonly T[]) => T[] {
  return (own, other) => {
    const known = new Set(own.map(({ id }) => id));
    const all = [...own, ...other.filter(({ id }) => !known.has(id))];
    return all.toSorted(comparison(direction)).slice(0, limit);
  };
}

/** Each number of one added to that of the other. */
export function addedCounts<C extends { readonly [name in keyof C]: number }>(own: C, other: C): C {
  const names = Object.keys(own) as (keyof C)[];
  return Object.fromEntries(names.map((name) => [name, own[name] + other[name]])) as unknown as C;
}

/** A value for each day that one of them has, oldest first. */
export function addedDays<D extends { readonly date: string }>(
  add: (own: D, other: D) => D,
): (own: readonly D[], other: readonly D[]) => D[] {
  return (own, other) => {
    const days = new Map(own.map((day) => [day.date, day]));
    for (const day of other) {
      const known = days.get(day.date);
      days.set(day.date, known === undefined ? day : add(known, day));
    }
    return [...days.values()].toSorted((a, b) => (a.date < b.date ? -1 : 1));
  };
}

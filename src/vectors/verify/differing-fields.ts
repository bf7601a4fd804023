import { isDeepStrictEqual } from "node:util";
import type { GeneralWeaviateRecord } from "../records/records.ts";

/**
 * The names of the properties in which the records differ, `vector` among them; empty when they are equal, the vector
 * bit for bit.
 */
export function differingFields(one: GeneralWeaviateRecord, other: GeneralWeaviateRecord): string[] {
  const [left, right] = [valuesOf(one), valuesOf(other)];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  const found = [...names].filter((name) => !isDeepStrictEqual(left[name], right[name]));
  return sameVector(one.vector, other.vector) ? found : [...found, "vector"];
}

function valuesOf({ properties, extra }: GeneralWeaviateRecord): Record<string, unknown> {
  return { ...extra, ...properties };
}

/** Object.is tells -0 from 0. */
function sameVector(one: readonly number[] | null, other: readonly number[] | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((value, at) => Object.is(value, other[at]));
}

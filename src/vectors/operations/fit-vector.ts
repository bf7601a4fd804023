import { type GeneralWeaviateRecord, inputOf, recordOf } from "../records/records.ts";
import { dimensionError } from "./milvus-rows.ts";

/**
 * `pad` adds zeros to shorter vectors, `truncate` cuts longer ones; what it does not cover is an error of the record,
 * as all is with `error`.
 */
export type OnDimensionMismatch = "error" | "pad" | "truncate";

/**
 * The record with a vector of `dimension` numbers. Throws AppError dimension_mismatch when the policy does not make it
 * one; a missing vector has none.
 */
export function fitVector(
  record: GeneralWeaviateRecord,
  dimension: number,
  policy: OnDimensionMismatch,
): GeneralWeaviateRecord {
  const vector = record.vector ?? [];
  if (vector.length === dimension) return record;
  const isCovered = policy === (vector.length < dimension ? "pad" : "truncate");
  if (!isCovered) throw dimensionError(record.vector, dimension);
  const fitted = Array.from({ length: dimension }, (_, at) => vector[at] ?? 0);
  return recordOf({ ...inputOf(record), vector: fitted });
}

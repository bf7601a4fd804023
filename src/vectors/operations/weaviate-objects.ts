import { AppError } from "../../engine/errors.ts";
import type { PropertySpec, WeaviateCollectionSpec } from "../../stores/weaviate/collection.ts";
import type { WeaviateObject } from "../../stores/weaviate/objects.ts";
import { type Field, fieldNames, fields } from "../records/fields.ts";
import { weaviateId } from "../records/ids.ts";
import { type GeneralWeaviateRecord, recordOf } from "../records/records.ts";

/** The collection that the declared fields describe. */
export function weaviateSpec(name: string): WeaviateCollectionSpec {
  const properties = fieldNames.map((field): PropertySpec => {
    const { kind, use }: Field = fields[field];
    if (kind === "int64") return { name: field, type: "int", isFilterable: use !== undefined };
    const tokenization = use === "keyword" ? "word" : "field";
    const isFilterable = use !== undefined || kind === "strings";
    return { name: field, type: kind === "strings" ? "text[]" : "text", tokenization, isFilterable };
  });
  return {
    name,
    properties: [{ name: "uniqueid", type: "text", tokenization: "field", isFilterable: true }, ...properties],
  };
}

/** The record as an object. Throws AppError for a number beyond 2^53, which Weaviate would round. */
export function objectOf({ uniqueid, vector, properties, extra }: GeneralWeaviateRecord): WeaviateObject {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value !== "bigint") continue;
    throw new AppError("invalid_record", `${name} is beyond 2^53, and Weaviate would round it.`, {
      hint: "Correct the record and write it again.",
    });
  }
  const { tags, ...others } = properties;
  const text = tags === undefined ? {} : { tags: JSON.stringify(tags) };
  return { id: weaviateId(uniqueid), properties: { ...extra, ...others, ...text, uniqueid }, vector };
}

/** The record behind an object: its own id is the uniqueid, unless it was made from the one among its properties. */
export function recordOfObject({ id, properties, vector }: WeaviateObject): GeneralWeaviateRecord {
  const kept = properties["uniqueid"];
  const uniqueid = typeof kept === "string" && kept !== "" && weaviateId(kept) === id ? kept : id;
  return recordOf({ ...properties, uniqueid, vector });
}

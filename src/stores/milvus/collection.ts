import type { FieldType } from "@zilliz/milvus2-sdk-node";
import type { Dialect, Milvus } from "./client.ts";

/** A scalar of the collection, as Milvus is to have it. */
export interface Column {
  readonly name: string;
  readonly type: "Int64" | "VarChar" | "Array";
  readonly maxLength?: number;
  readonly maxCapacity?: number;
  readonly index?: "equality" | "range" | undefined;
}

export interface CollectionSpec {
  readonly name: string;
  readonly primaryKey: Column;
  readonly partitionKey: Column;
  readonly vector: { readonly name: string; readonly dimension: number };
  readonly columns: readonly Column[];
}

/**
 * Makes the collection with its indexes when it is missing, and loads it. Harmless when repeated, also by many at once.
 * True when it was made here.
 */
export async function ensureCollection(milvus: Milvus, spec: CollectionSpec): Promise<boolean> {
  const dialect = await milvus.dialect();
  const made = !(await hasCollection(milvus, spec.name)) && (await createCollection(milvus, spec, dialect));
  await createIndexes(milvus, spec, dialect);
  await milvus.call(`load collection ${spec.name}`, (client) => client.loadCollection({ collection_name: spec.name }));
  return made;
}

export async function hasCollection(milvus: Milvus, name: string): Promise<boolean> {
  const { value } = await milvus.call(`look for collection ${name}`, (client) =>
    client.hasCollection({ collection_name: name }),
  );
  return Boolean(value);
}

/** False when somebody else has made it meanwhile. */
async function createCollection(milvus: Milvus, spec: CollectionSpec, dialect: Dialect): Promise<boolean> {
  const { name: collection_name } = spec;
  try {
    await milvus.call(`create collection ${collection_name}`, (client) =>
      client.createCollection({ collection_name, fields: columnsOf(spec, dialect), num_partitions: 16 }),
    );
    return true;
  } catch (error) {
    if (await hasCollection(milvus, collection_name)) return false;
    throw error;
  }
}

function columnsOf({ primaryKey, partitionKey, vector, columns }: CollectionSpec, { hasNulls }: Dialect): FieldType[] {
  return [
    { ...columnType(primaryKey), is_primary_key: true },
    { name: vector.name, data_type: "FloatVector", dim: vector.dimension },
    { ...columnType(partitionKey), is_partition_key: true },
    ...columns.map((column) => ({ ...columnType(column), ...(hasNulls ? { nullable: true } : {}) })),
  ];
}

function columnType({ name, type, maxLength, maxCapacity }: Column): FieldType {
  return {
    name,
    data_type: type,
    ...(type === "Array" ? { element_type: "VarChar" as const } : {}),
    ...(maxLength === undefined ? {} : { max_length: maxLength }),
    ...(maxCapacity === undefined ? {} : { max_capacity: maxCapacity }),
  };
}

async function createIndexes(milvus: Milvus, spec: CollectionSpec, dialect: Dialect): Promise<void> {
  const { name: collection_name, vector } = spec;
  const existing = await indexedFields(milvus, collection_name);
  if (!existing.has(vector.name)) {
    await createIndex(milvus, collection_name, {
      field_name: vector.name,
      index_type: "AUTOINDEX",
      metric_type: "COSINE",
    });
  }
  for (const { name, type, index } of spec.columns) {
    const index_type = index === undefined ? undefined : scalarIndex(index, type, dialect);
    if (index_type !== undefined && !existing.has(name))
      await createIndex(milvus, collection_name, { field_name: name, index_type });
  }
}

async function createIndex(
  milvus: Milvus,
  collection_name: string,
  index: { field_name: string; index_type: string; metric_type?: string },
): Promise<void> {
  try {
    await milvus.call(`index ${index.field_name}`, (client) => client.createIndex({ collection_name, ...index }));
  } catch (error) {
    // else somebody else was faster
    if (!(await indexedFields(milvus, collection_name)).has(index.field_name)) throw error;
  }
}

/** Each server's index that serves the use; none where it has none. */
function scalarIndex(
  use: "equality" | "range",
  type: Column["type"],
  { isLite, hasNulls }: Dialect,
): string | undefined {
  if (isLite) return type === "Array" ? undefined : "INVERTED";
  if (use === "range") return "STL_SORT";
  return hasNulls ? "INVERTED" : undefined;
}

async function indexedFields(milvus: Milvus, collection_name: string): Promise<Set<string>> {
  const answer = await milvus
    .call(`list the indexes of ${collection_name}`, (client) => client.describeIndex({ collection_name }))
    .catch((error: unknown) => {
      if (/no index|index not found|index doesn.t exist/i.test(String(error))) return { index_descriptions: [] };
      throw error;
    });
  return new Set(answer.index_descriptions.map(({ field_name }) => field_name));
}

/** How the live collection differs from what the rows need; empty when it fits. */
export async function schemaDifferences(milvus: Milvus, spec: CollectionSpec): Promise<string[]> {
  const dialect = await milvus.dialect();
  const { schema } = await milvus.call(`describe collection ${spec.name}`, (client) =>
    client.describeCollection({ collection_name: spec.name }),
  );
  const live = new Map(schema.fields.map((field) => [field.name, field]));
  const found: string[] = [];
  const say = (name: string, what: string, wanted: unknown, is: unknown): void => {
    if (String(wanted) !== String(is)) found.push(`${name}: ${what} is ${String(is)}, and must be ${String(wanted)}`);
  };
  for (const wanted of columnsOf(spec, dialect)) {
    const field = live.get(wanted.name);
    if (field === undefined) {
      found.push(`${wanted.name} is missing`);
      continue;
    }
    say(wanted.name, "the type", wanted.data_type, field.data_type);
    if (wanted.element_type !== undefined)
      say(wanted.name, "the type of its elements", wanted.element_type, field.element_type);
    if (wanted.dim !== undefined) say(wanted.name, "the dimension", wanted.dim, field.dim);
    say(wanted.name, "primary key", wanted.is_primary_key ?? false, field.is_primary_key);
    say(wanted.name, "partition key", wanted.is_partition_key ?? false, field.is_partition_key ?? false);
    if (wanted.nullable === true) say(wanted.name, "nullable", true, field.nullable ?? false);
    // Milvus Lite does not tell those of lists.
    for (const limit of ["max_length", "max_capacity"] as const)
      if (field[limit] !== undefined && Number(field[limit]) < Number(wanted[limit] ?? 0))
        say(wanted.name, limit, wanted[limit], field[limit]);
  }
  for (const [name, field] of live) {
    const isKnown = columnsOf(spec, dialect).some((column) => column.name === name);
    if (!isKnown && field.nullable !== true && field.default_value == null)
      found.push(`${name} is required and unknown`);
  }
  const indexed = await indexedFields(milvus, spec.name);
  if (!indexed.has(spec.vector.name)) found.push(`${spec.vector.name} has no index`);
  return found;
}

import { AppError, UsageError } from "../../engine/errors.ts";
import type { Milvus } from "../../stores/milvus/client.ts";
import { hasCollection } from "../../stores/milvus/collection.ts";
import { list } from "../../stores/milvus/filters.ts";

export const collectionPrefix = "colqwen";
/** Of the application's own collections. */
export const hnsw = { index_type: "HNSW", metric_type: "IP", params: { M: 32, efConstruction: 500 } } as const;
const longestText = 65_535;

/** Pages of a document, each with one vector for each of its patches. */
export interface PageVectors {
  readonly colqwen_vecs: readonly (readonly number[])[];
  readonly image_id: string;
  readonly page_number: number;
  readonly file_id: string;
}

/**
 * Milvus takes letters, digits and _ in names, and ids of knowledge bases have dashes. @throws UsageError for an id
 * with anything else
 */
export function collectionOf(kbId: string): string {
  const name = `${collectionPrefix}${kbId.replaceAll("-", "_")}`;
  if (/^[A-Za-z0-9_]{1,255}$/.test(name) && name !== collectionPrefix) return name;
  throw new UsageError("invalid_knowledge_base", `${JSON.stringify(kbId)} is no id of a knowledge base.`, {
    hint: "It has letters, digits, - and _.",
  });
}

/**
 * Makes the collection of a knowledge base with its index, and loads it. One that is there stays, with its rows. True
 * when it was made here.
 */
export async function createCollection(milvus: Milvus, kbId: string, dim = 128): Promise<boolean> {
  const collection_name = collectionOf(kbId);
  const isThere = await hasCollection(milvus, collection_name);
  if (isThere) await requireDimension(milvus, collection_name, dim);
  else
    await milvus.call(`create collection ${collection_name}`, (client) =>
      client.createCollection({
        collection_name,
        enable_dynamic_field: true,
        fields: [
          { name: "pk", data_type: "Int64", is_primary_key: true, autoID: true },
          { name: "vector", data_type: "FloatVector", dim },
          { name: "image_id", data_type: "VarChar", max_length: longestText },
          { name: "page_number", data_type: "Int64" },
          { name: "file_id", data_type: "VarChar", max_length: longestText },
        ],
      }),
    );
  if (!isThere)
    await milvus.call(`index ${collection_name}`, (client) =>
      client.createIndex({ collection_name, field_name: "vector", ...hnsw }),
    );
  await loadCollection(milvus, kbId);
  return !isThere;
}

async function requireDimension(milvus: Milvus, collection_name: string, dim: number): Promise<void> {
  const { schema } = await milvus.call(`describe ${collection_name}`, (client) =>
    client.describeCollection({ collection_name }),
  );
  const has = Number(schema.fields.find(({ name }) => name === "vector")?.dim);
  if (has !== dim)
    throw new AppError("other_dimension", `${collection_name} has vectors of ${has} numbers, not of ${dim}.`, {
      hint: "Set MILVUS_DIM to what the collection has. Nothing was changed.",
    });
}

export function checkCollection(milvus: Milvus, kbId: string): Promise<boolean> {
  return hasCollection(milvus, collectionOf(kbId));
}

/** Afterwards it can be searched. @throws AppError when there is none */
export async function loadCollection(milvus: Milvus, kbId: string): Promise<void> {
  const collection_name = collectionOf(kbId);
  await milvus.call(`load collection ${collection_name}`, (client) => client.loadCollection({ collection_name }));
}

/** Drops the vectors of a knowledge base. False where there were none. */
export async function deleteCollection(milvus: Milvus, kbId: string): Promise<boolean> {
  const collection_name = collectionOf(kbId);
  if (!(await hasCollection(milvus, collection_name))) return false;
  await milvus.call(`drop collection ${collection_name}`, (client) => client.dropCollection({ collection_name }));
  return true;
}

/** One row for each vector, with what the page is beside it. Returns the number of rows. */
export async function insert(milvus: Milvus, kbId: string, page: PageVectors): Promise<number> {
  const { colqwen_vecs, ...page_ } = page;
  const data = colqwen_vecs.map((vector) => ({ vector: [...vector], ...page_ }));
  for (let at = 0; at < data.length; at += mostInserted)
    await milvus.call(`insert ${data.length} vectors`, (client) =>
      client.insert({ collection_name: collectionOf(kbId), data: data.slice(at, at + mostInserted) }),
    );
  return data.length;
}

const mostInserted = 1000;

/** Deletes the vectors of these files. */
export async function deleteFiles(milvus: Milvus, kbId: string, fileIds: readonly string[]): Promise<void> {
  for (let at = 0; at < fileIds.length; at += mostInserted) {
    const filter = `file_id in ${list(fileIds.slice(at, at + mostInserted))}`;
    await milvus.call("delete files", (client) => client.delete({ collection_name: collectionOf(kbId), filter }));
  }
}

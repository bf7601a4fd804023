import { AppError } from "../../engine/errors.ts";
import { loadDriver as loadMilvus } from "../../stores/milvus/client.ts";
import { hasCollection, schemaDifferences as milvusDifferences } from "../../stores/milvus/collection.ts";
import { loadDriver as loadWeaviate } from "../../stores/weaviate/client.ts";
import { schemaDifferences as weaviateDifferences } from "../../stores/weaviate/collection.ts";
import type { VectorConnections } from "../connections.ts";
import { milvusSpec, recordOfRow, rowOf } from "../operations/milvus-rows.ts";
import { StoreOperations } from "../operations/operations.ts";
import { objectOf, recordOfObject, weaviateSpec } from "../operations/weaviate-objects.ts";
import { recordTypes } from "../records/fields.ts";
import { recordOf } from "../records/records.ts";
import { backlog } from "../state/write-log.ts";
import { StoredDeletions } from "../state/deletions.ts";
import { differingFields } from "../verify/differing-fields.ts";

// src/vectors/check looks whether both stores, their schemas and the drivers are as they must be. It changes
// nothing.

export interface Finding {
  readonly name: string;
  readonly state: "ok" | "failed";
  readonly message: string;
  readonly hint?: string | undefined;
}

const operationNames = [
  "insertRecord",
  "upsertRecords",
  "updateRecordVector",
  "updateRecordMetadata",
  "deleteRecord",
  "deleteRecordsByIds",
  "deleteAllRecords",
  "queryByVector",
  "queryByKeyword",
  "queryByFilter",
  "getMostRecentRecords",
  "getRecordsByIds",
  "getRecordById",
  "syncByLastModified",
];

async function ask(name: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { name, state: "ok", message: await work() };
  } catch (error) {
    const { message, hint } = error as AppError;
    return { name, state: "failed", message, hint };
  }
}

/**
 * The self-test: drivers, records, operations, both stores, their schemas, and what dual writing has left. It writes
 * nothing.
 */
export async function check(connections: VectorConnections): Promise<Finding[]> {
  const { options, weaviate, milvus, stores, state } = connections;
  return [
    await ask("import", async () => {
      await Promise.all([loadMilvus(), loadWeaviate()]);
      return "both drivers are installed";
    }),
    await ask("records", async () => convertRecords(options.milvus.dimension)),
    await ask("operations", async () => {
      const operations = new StoreOperations(stores.milvus, new StoredDeletions(state)) as unknown as Record<
        string,
        unknown
      >;
      const missing = operationNames.filter((name) => typeof operations[name] !== "function");
      if (missing.length > 0)
        throw new AppError("operations_missing", `${missing.join(", ")} are missing`, {
          hint: "The installed driver is another than this version needs: run npm install again.",
        });
      return `all ${operationNames.length} operations are there`;
    }),
    await ask("weaviate", async () => {
      const spec = weaviateSpec(options.weaviate.collection);
      if (!(await weaviate.call("look for its collection", (client) => client.collections.exists(spec.name))))
        throw new AppError("no_collection", `there is no collection ${spec.name}`, {
          hint: "Set WEAVIATE_COLLECTION.",
        });
      return requireNone(
        await weaviateDifferences(weaviate, spec),
        `collection ${spec.name} fits`,
        "Set WEAVIATE_COLLECTION to the collection of the notes.",
      );
    }),
    await ask("connection", async () => `Milvus ${(await milvus.dialect()).version} answers`),
    await ask("schema", async () => {
      const spec = milvusSpec(options.milvus.collection, options.milvus.dimension);
      if (!(await hasCollection(milvus, spec.name)))
        throw new AppError("no_collection", `there is no collection ${spec.name}`, {
          hint: "Make it: app milvus setup",
        });
      return requireNone(
        await milvusDifferences(milvus, spec),
        `collection ${spec.name} fits`,
        "Set MILVUS_COLLECTION or MILVUS_DIMENSION, or let app milvus setup make another collection.",
      );
    }),
    await ask("performance", async () => {
      const { dirty, writing, refused, conflict, oldest } = await backlog(state);
      const seconds = oldest === null ? 0 : Math.round((Date.now() - oldest) / 1000);
      if (refused + conflict > 0 || seconds > 60)
        throw new AppError(
          "backlog",
          `${dirty + writing} writes wait to be copied, the oldest for ${seconds} s; ${refused} were refused, ${conflict} given up`,
          {
            hint: "Copy them: app milvus apply-dirty. Monitor the overhead of dual writing with app milvus phase show.",
          },
        );
      return `${dirty + writing} writes wait to be copied`;
    }),
  ];
}

/** A record of each class, there and back through what both stores keep. */
function convertRecords(dimension: number): string {
  const vector = Array.from({ length: dimension }, (_, at) => Math.fround(at / 3));
  for (const recordType of [...recordTypes, undefined]) {
    const record = recordOf({
      recordType,
      uniqueid: "check-é",
      title: '100% "x"',
      created: 1,
      tags: [{ a: 1 }],
      incomingConnections: [],
      vector,
    });
    const row = rowOf(record, "check", { primaryKey: record.uniqueid, dimension, hasNulls: true });
    for (const back of [recordOfRow(row), recordOfObject(objectOf(record))]) {
      const fields = differingFields(record, back);
      if (fields.length > 0)
        throw new AppError("conversion", `${recordType ?? "a general record"} changes its ${fields.join(", ")}`, {
          hint: "Records would not survive a migration whole: do not begin one with this version, and report it.",
        });
    }
  }
  return `records of all ${recordTypes.length + 1} classes come back as they were`;
}

function requireNone(differences: readonly string[], fine: string, hint: string): string {
  if (differences.length === 0) return fine;
  throw new AppError("schema_differs", differences.join("; "), { hint });
}

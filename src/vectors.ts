// The library of the notes' way from Weaviate to Milvus: records, the operations on both stores, and what the commands `app milvus ...` do.
export { Milvus, type MilvusOptions } from "./stores/milvus/client.ts";
export { ensureCollection as ensureMilvusCollection } from "./stores/milvus/collection.ts";
export { Weaviate, type WeaviateOptions } from "./stores/weaviate/client.ts";
export { ensureCollection as ensureWeaviateCollection } from "./stores/weaviate/collection.ts";
export type { DeletedRecord, DeletedRecords } from "./vectors/operations/deleted-records.ts";
export type { OnDimensionMismatch } from "./vectors/operations/fit-vector.ts";
export { milvusSpec } from "./vectors/operations/milvus-rows.ts";
export { MilvusStore, type MilvusStoreOptions } from "./vectors/operations/milvus-store.ts";
export {
  type Found,
  StoreOperations,
  type SyncPage,
  type UpsertOptions,
  type UpsertResult,
  type VectorOperations,
  type VectorQuery,
} from "./vectors/operations/operations.ts";
export type { Filter, RecordStore } from "./vectors/operations/record-store.ts";
export { weaviateSpec } from "./vectors/operations/weaviate-objects.ts";
export { WeaviateStore } from "./vectors/operations/weaviate-store.ts";
export {
  GeneralWeaviateRecord,
  type MilvusDict,
  type RecordInput,
  recordOf,
  type VectorInput,
  WeaviateDailyNote,
  WeaviateMisc,
  WeaviateNote,
  WeaviateNoteBody,
  WeaviateTag,
} from "./vectors/records/records.ts";

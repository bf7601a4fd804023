// The library of the notes' way from Weaviate to Milvus: records, the operations on both stores, and what the commands
// `app milvus ...` do.
export { Milvus, type MilvusOptions } from "./stores/milvus/client.ts";
export { ensureCollection as ensureMilvusCollection } from "./stores/milvus/collection.ts";
export { Weaviate, type WeaviateOptions } from "./stores/weaviate/client.ts";
export { ensureCollection as ensureWeaviateCollection } from "./stores/weaviate/collection.ts";
export { openStateFile, type StateFile } from "./stores/sqlite/state-file.ts";
export { check, type Finding } from "./vectors/check/check.ts";
export {
  connectVectors,
  leaseMillisOf,
  requestMillisOf,
  type VectorConnections,
  type VectorOptions,
} from "./vectors/connections.ts";
export { applyDirty, type ApplyReport } from "./vectors/dual-write/apply-dirty.ts";
export { DualWrite, type DualWriteOptions } from "./vectors/dual-write/dual-write.ts";
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
export { type PhaseReport, type PhaseRequest, rollbackPhase, setPhase } from "./vectors/phases/set-phase.ts";
export { showPhases, type ShownTenant } from "./vectors/phases/show-phases.ts";
export type { Phase, TenantPhase } from "./vectors/state/phases.ts";
export type { SyncReport } from "./vectors/sync/report.ts";
export { sync, type SyncRequest } from "./vectors/sync/sync.ts";
export { verify, type VerifyReport, type VerifyRequest } from "./vectors/verify/verify.ts";
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

// The library of an application's five stores: their operations, and what the commands `app stores ...` do.
export { AppError, UsageError } from "./engine/errors.ts";
export { backup, type BackupOptions, type BackupReport } from "./layra/backup/backup.ts";
export { type BackupPlace, bucketPlace, folderPlace } from "./layra/backup/place.ts";
export { newestBackup } from "./layra/backup/manifest.ts";
export { restore, type RestoreOptions, type RestoreReport } from "./layra/backup/restore.ts";
export { type KeepRule, parseKeep } from "./layra/backup/retention.ts";
export {
  type BackupPlan,
  type BackupSchedule,
  backupSchedule,
  scheduleBackups,
  unscheduleBackups,
  workBackups,
} from "./layra/backup/schedule.ts";
export { verifyBackup, type VerifyReport } from "./layra/backup/verify.ts";
export * from "./layra/milvus/knowledge.ts";
export { search } from "./layra/milvus/search.ts";
export * from "./layra/minio/operations.ts";
export * from "./layra/mongodb/conversations.ts";
export * from "./layra/mongodb/files.ts";
export { ensureIndexes } from "./layra/mongodb/indexes.ts";
export * from "./layra/mongodb/knowledge-bases.ts";
export {
  addModelConfig,
  createModelConfig,
  deleteModelConfig,
  getSelectedModelConfig,
  updateModelConfig,
} from "./layra/mongodb/model-config.ts";
export { claimTempKnowledge } from "./layra/mongodb/remove-unreferenced.ts";
export * from "./layra/mongodb/workflows.ts";
export { fixChatflowIndex } from "./layra/operate/chatflow-index.ts";
export { examine, type Finding } from "./layra/operate/doctor.ts";
export { healthOf, type Health } from "./layra/operate/health.ts";
export { findOrphans, removeOrphans, type OrphanReport } from "./layra/operate/orphans.ts";
export { userProfile, type UserProfile } from "./layra/operate/profile.ts";
export { searchKnowledge, type KnowledgeHit } from "./layra/operate/search-knowledge.ts";
export { slowQueries, type SlowQuery } from "./layra/operate/slow-queries.ts";
export { statsOf, type Stats } from "./layra/operate/stats.ts";
export * as cache from "./layra/redis/operations.ts";
export { connectStores, type StoreName, type Stores, type StoresOptions } from "./layra/stores.ts";
export { S3Objects } from "./stores/blobs/s3-objects.ts";
export { sqliteCheckpoints } from "./stores/sqlite/checkpoint-store.ts";
export { sqliteHome } from "./stores/sqlite/run-home.ts";
export { openStateFile } from "./stores/sqlite/state-file.ts";

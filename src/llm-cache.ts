// The public API of llm-cache: LightRAG's LLM caches, from one of its stores to another.

export { AppError, UsageError } from "./engine/errors.ts";
export type { Refusal } from "./engine/ports.ts";
export { type CacheEntry, type CacheRecord, parseRecord } from "./llm-cache/entries/cache-entry.ts";
export { type CacheKind, CacheKinds, type FurtherType } from "./llm-cache/entries/cache-kinds.ts";
export type { KvStore, Page } from "./llm-cache/kv-store.ts";
export { listWorkspaces, type ListedWorkspace } from "./llm-cache/list-workspaces.ts";
export { migrate, type MigrateOptions, type MigrateWatch } from "./llm-cache/migrate.ts";
export type { CacheState } from "./llm-cache/cache-state.ts";
export type { Route } from "./llm-cache/route.ts";
export type { BatchProgress, MigrateReport } from "./llm-cache/migrate-report.ts";
export { retry, type RetryOptions } from "./llm-cache/retry.ts";
export { type StoreSettings, type StoreType, storeTypes } from "./llm-cache/store-settings.ts";
export { openStore } from "./llm-cache/stores/open-store.ts";
export { validate, type ValidateOptions, type ValidateReport } from "./llm-cache/validate.ts";
export { sqliteCheckpoints } from "./stores/sqlite/checkpoint-store.ts";
export { SqliteRecordErrors } from "./stores/sqlite/record-errors.ts";
export { sqliteHome } from "./stores/sqlite/run-home.ts";
export { openStateFile } from "./stores/sqlite/state-file.ts";

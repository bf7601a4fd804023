import type { Scope } from "../partitions/scope.ts";

export interface MigrateOptions {
  readonly scope: Scope;
  /** Rows and bytes of one bulk request. */
  readonly batchRows: number;
  readonly batchBytes: number;
  /** Bulk requests in flight, over all partitions. */
  readonly concurrency: number;
  readonly recordsPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
  /** Nothing is read while a standby of PostgreSQL is further behind; undefined: nobody looks. */
  readonly maxLagSeconds?: number | undefined;
  readonly order: "newest" | "oldest";
  /** Whether contents that the platform moved to its file storage stay there, or are copied into the documents. */
  readonly offload: "reference" | "inline";
  /** Copy again from nothing, whatever is there. */
  readonly restart: boolean;
  /** Stays on after the copy and applies what the platform writes, until it is stopped. */
  readonly follow?: boolean | undefined;
  /** The partitions are copied by workers (`app worker`), on any number of machines. */
  readonly distributed?: boolean | undefined;
  /** While following, documents of rows that the platform deletes are deleted too. */
  readonly followDeletes?: boolean | undefined;
}

export const migrateDefaults = {
  batchRows: 1000,
  batchBytes: 5 * 1024 * 1024,
  concurrency: 3,
  order: "newest",
  offload: "reference",
  restart: false,
} as const;

import { migrateDefaults } from "../copying/options.ts";
import type { Scope } from "../partitions/scope.ts";

export interface ValidateOptions {
  readonly scope: Scope;
  /**
   * `full` compares every column of every row; `sample` that of so many random rows, and looks for the rows of as many
   * random documents.
   */
  readonly level: "sample" | "full";
  readonly sampleSize: number;
  /** Copies rows that are missing or different, and validates those again. */
  readonly repair: boolean;
  /** Deletes documents without a row, after confirmation. */
  readonly deleteExtra: boolean;
  /** Gives purged rows without a fingerprint that of their document as it is now. */
  readonly adopt: boolean;
  /** Rows and bytes that are compared at once. */
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly concurrency: number;
  /** A full validation whose partitions are compared by workers (`app worker`), on any number of machines. */
  readonly distributed?: boolean | undefined;
}

export const validateDefaults = {
  level: "sample",
  sampleSize: 1000,
  repair: false,
  deleteExtra: false,
  adopt: false,
  batchRows: migrateDefaults.batchRows,
  batchBytes: migrateDefaults.batchBytes,
  concurrency: migrateDefaults.concurrency,
} as const;

import type { Scope } from "../partitions/scope.ts";

export interface ApplyDirtyOptions {
  readonly scope: Pick<Scope, "dataTypes" | "tenantIds">;
  /** Goes on until nothing is left in the scope, waiting for partitions that other runs work on. */
  readonly untilEmpty: boolean;
  /** Deletes the documents of rows that the platform deleted, also those that earlier runs kept. */
  readonly followDeletes: boolean;
}

export const applyDirtyDefaults = { untilEmpty: false, followDeletes: false } as const;

import type { CacheBatch } from "./entries/cut-batches.ts";
import type { WriteEnd } from "./entries/write-entries.ts";

/** An error as the report tells it. */
export interface BatchError {
  /** Number of the batch, from 1; 0 for what came after the last one. */
  readonly batch: number;
  readonly type: string;
  readonly message: string;
  readonly recordsLost: number;
}

/**
 * How far a migration is. Survives JSON: with its cursor it is the checkpoint, so that the numbers of a run that goes
 * on are those of the whole.
 */
export interface MigrateProgress {
  readonly cursor: string | undefined;
  readonly read: number;
  readonly migrated: number;
  readonly failed: number;
  readonly successfulBatches: number;
  readonly failedBatches: number;
  /** Only of a retry: failed before, and no longer in the source. */
  readonly gone?: number;
  /** The batch that parts were confirmed of and that has not ended. */
  readonly open: { readonly records: number; readonly failed: boolean };
  readonly errors: {
    readonly total: number;
    readonly byType: Readonly<Record<string, number>>;
    readonly first: readonly BatchError[];
  };
}

export const noMigrateProgress: MigrateProgress = {
  cursor: undefined,
  read: 0,
  migrated: 0,
  failed: 0,
  successfulBatches: 0,
  failedBatches: 0,
  open: { records: 0, failed: false },
  errors: { total: 0, byType: {}, first: [] },
};

const toldErrors = 5;

/** Behind this batch, or part of one. */
export function advance(progress: MigrateProgress, batch: CacheBatch, end: WriteEnd): MigrateProgress {
  const number = progress.successfulBatches + progress.failedBatches + 1;
  const failed = progress.open.failed || end.refused.length > 0;
  const records = progress.open.records + batch.records;
  return {
    cursor: batch.cursor ?? progress.cursor,
    read: progress.read + batch.records,
    migrated: progress.migrated + batch.records - end.refused.length,
    failed: progress.failed + end.refused.length,
    successfulBatches: progress.successfulBatches + (batch.endsBatch && !failed ? 1 : 0),
    failedBatches: progress.failedBatches + (batch.endsBatch && failed ? 1 : 0),
    open: batch.endsBatch ? noMigrateProgress.open : { records, failed },
    errors: withErrors(progress.errors, errorsOf(number, end)),
  };
}

function errorsOf(batch: number, { refused, failure }: WriteEnd): BatchError[] {
  if (failure !== undefined) {
    return [{ batch, type: failure.type, message: failure.message, recordsLost: refused.length }];
  }
  return refused.map(({ id, type, reason }) => ({ batch, type, message: `${id}: ${reason}`, recordsLost: 1 }));
}

function withErrors(before: MigrateProgress["errors"], errors: readonly BatchError[]): MigrateProgress["errors"] {
  if (errors.length === 0) return before;
  const byType = { ...before.byType };
  for (const { type } of errors) byType[type] = (byType[type] ?? 0) + 1;
  return {
    total: before.total + errors.length,
    byType,
    first: [...before.first, ...errors].slice(0, toldErrors),
  };
}

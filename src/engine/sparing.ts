import type { Batch, Checkpoint, Receipt } from "./ports.ts";

/** A checkpoint that is not saved for each batch. The two are never called at once. */
export interface SpareCheckpoint<B extends Batch, R extends Receipt = Receipt> {
  /**
   * Takes note of a confirmed batch, in the source's order: where it ends, what was refused. Keep no more of it, it
   * holds memory.
   */
  note(batch: B, receipt: R | undefined): void;
  /** Stores what was noted since the last time, all or nothing. */
  save(): Promise<void>;
}

/**
 * Saves a checkpoint when `records` were confirmed since the last time or `seconds` have passed since the first of
 * them, also while nothing comes, and when the transfer ends. A crash repeats so much. A save that fails ends the
 * transfer, and none is tried after it.
 */
export function sparing<B extends Batch, R extends Receipt = Receipt>(
  checkpoint: SpareCheckpoint<B, R>,
  often: { readonly records: number; readonly seconds: number },
): Checkpoint<B, R> {
  let unsaved = 0;
  let records = 0;
  let timer: NodeJS.Timeout | undefined;
  let saved = Promise.resolve();

  const saveBehind = async (before: Promise<void>): Promise<void> => {
    await before;
    if (unsaved === 0) return;
    [unsaved, records] = [0, 0];
    await checkpoint.save();
  };
  const save = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    saved = saveBehind(saved);
    saved.catch(() => {}); // thrown by the next confirm, or by the flush
    return saved;
  };

  return {
    confirm: async (batch, receipt) => {
      await saved;
      checkpoint.note(batch, receipt);
      unsaved++;
      records += batch.records;
      timer ??= setTimeout(() => void save(), often.seconds * 1000);
      if (records >= often.records) await save();
    },
    flush: save,
  };
}

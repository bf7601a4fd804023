import { isAbort } from "./errors.ts";
import type { Pacing } from "./pacing.ts";
import type { Batch, Checkpoint, Receipt, Sink, Source } from "./ports.ts";
import { readAhead } from "./read-ahead.ts";

export interface Transfer<B extends Batch> {
  readonly source: Source<B>;
  readonly sink: Sink<B>;
  readonly checkpoint: Checkpoint<B>;
  readonly pacing: Pacing;
  /** Told after each checkpoint; may throw to end the transfer (too many refusals). */
  readonly onConfirmed?: (batch: B, receipt: Receipt) => void;
}

export type TransferEnd = "completed" | "interrupted";

/**
 * Moves every batch of the source into the sink, several in flight, and saves the checkpoint of the contiguous confirmed
 * prefix: a crash repeats at most the batches in flight. When `signal` aborts, those are finished and confirmed. A failed
 * batch ends the transfer with its error: those before it are confirmed, none behind it.
 */
export async function transfer<B extends Batch>(route: Transfer<B>, signal: AbortSignal): Promise<TransferEnd> {
  const { source, pacing } = route;
  const inFlight = new Set<Promise<void>>();
  let last = Promise.resolve();
  let failed = false;
  try {
    for await (const batch of readAhead(source.batches(signal), 1)) {
      await pacing.admit(batch.records, batch.bytes, signal);
      const freeSlot = await pacing.takeSlot(signal);
      if (failed || signal.aborted) {
        freeSlot();
        break;
      }
      const sent = deliver(route, batch, last, signal).finally(freeSlot);
      inFlight.add(sent);
      sent.then(
        () => inFlight.delete(sent),
        () => (failed = true), // it stays in flight, so that it is reported below
      );
      last = sent;
    }
    await Promise.all(inFlight);
  } catch (error) {
    const ends = await Promise.allSettled(inFlight);
    const errors = [error, ...ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []))];
    if (!signal.aborted) throw error;
    for (const other of errors) if (!isAbort(other)) throw other; // a stop must not hide what failed
  }
  return signal.aborted ? "interrupted" : "completed";
}

/** Writes one batch and, when every batch before it is confirmed, confirms it. */
async function deliver<B extends Batch>(
  route: Transfer<B>,
  batch: B,
  previous: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const receipt = batch.records === 0 ? nothing : await route.sink.write(batch, signal);
  await previous;
  await route.checkpoint.confirm(batch, receipt);
  route.onConfirmed?.(batch, receipt);
}

const nothing: Receipt = { written: 0, refused: [] };

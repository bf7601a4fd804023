import { isAbort } from "./errors.ts";
import type { Pacing } from "./pacing.ts";
import type { Batch, Checkpoint, Receipt, Sink, Source } from "./ports.ts";
import { readAhead } from "./read-ahead.ts";

// src/engine owns the loop that moves records, its ports (ports.ts), and helpers that know nothing of what they
// help: pacing, back-off, pools, polling, errors. It never imports anything but node: and its own files, and there
// is never a second loop.

export interface Transfer<B extends Batch, R extends Receipt = Receipt> {
  readonly source: Source<B>;
  readonly sink: Sink<B, R>;
  readonly checkpoint: Checkpoint<B, R>;
  readonly pacing: Pacing;
  /** Told after each checkpoint; may throw to end the transfer (too many refusals). */
  readonly onConfirmed?: (batch: B, receipt: R | undefined) => void;
}

export type TransferEnd = "completed" | "interrupted";

/**
 * Moves every batch of the source into the sink, several in flight, and saves the checkpoint of the contiguous
 * confirmed prefix: a crash repeats at most the batches in flight. When `signal` aborts, those are finished and
 * confirmed. A failed batch ends the transfer with its error: those before it are confirmed, none behind it.
 */
export async function transfer<B extends Batch, R extends Receipt = Receipt>(
  route: Transfer<B, R>,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { source, checkpoint, pacing } = route;
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
    const flushed = await Promise.allSettled([checkpoint.flush?.()]);
    const errors = [
      error,
      ...[...ends, ...flushed].flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : [])),
    ];
    if (!signal.aborted) throw error;
    for (const other of errors) if (!isAbort(other)) throw other; // a stop must not hide what failed
    return "interrupted";
  }
  await checkpoint.flush?.();
  return signal.aborted ? "interrupted" : "completed";
}

/** Writes one batch and, when every batch before it is confirmed, confirms it. */
async function deliver<B extends Batch, R extends Receipt>(
  route: Transfer<B, R>,
  batch: B,
  previous: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const receipt = batch.records === 0 ? undefined : await route.sink.write(batch, signal);
  await previous;
  await route.checkpoint.confirm(batch, receipt);
  route.onConfirmed?.(batch, receipt);
}

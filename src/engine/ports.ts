/**
 * A group of records that travels as one: the source made it, the sink writes it whole, the checkpoint ends with it.
 */
export interface Batch {
  /** Records in the batch; 0 is allowed and moves only the checkpoint. */
  readonly records: number;
  /**
   * Size on the wire, in bytes; 0 where it is known only when the sink has read the records, which then calls
   * `Pacing.charge`.
   */
  readonly bytes: number;
}

/** One record that the sink will never take as it is. */
export interface Refusal {
  readonly id: string;
  readonly type: string;
  readonly reason: string;
}

/** What became of a batch. A sink may say more in a type of its own; its checkpoint gets that. */
export interface Receipt {
  readonly written: number;
  readonly refused: readonly Refusal[];
}

/**
 * Reads records in one fixed order and groups them into batches. When `signal` aborts it stops before the next page;
 * what it already yielded stays valid. Errors thrown end the transfer after the batches before them are confirmed.
 */
export interface Source<B extends Batch> {
  batches(signal: AbortSignal): AsyncIterable<B>;
}

/**
 * Writes a batch so that writing it twice gives the same target. Resolves when every record is either durable or
 * refused for good; retries passing faults itself. `signal` ends its waits, never a request under way.
 */
export interface Sink<B extends Batch, R extends Receipt = Receipt> {
  write(batch: B, signal: AbortSignal): Promise<R>;
}

/**
 * Remembers how far the source is confirmed. Called in the source's order, never for a batch behind an unconfirmed one.
 */
export interface Checkpoint<B extends Batch, R extends Receipt = Receipt> {
  /** `receipt` is undefined for a batch without records, which the sink has not seen. */
  confirm(batch: B, receipt: R | undefined): Promise<void>;
  /** Called once when the transfer ends, however it ends, and nothing is being confirmed: stores what was put off. */
  flush?(): Promise<void>;
}

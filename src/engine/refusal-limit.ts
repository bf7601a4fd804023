import { AppError } from "./errors.ts";
import type { Receipt } from "./ports.ts";

/**
 * Ends a run in which the target refuses everything: a wrong mapping or a missing privilege would otherwise turn
 * millions of rows into record errors one by one. Counts refusals since the last record that was written.
 */
export class RefusalLimit {
  private inARow = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Call for each batch that was confirmed; as `onConfirmed`, one without records counts for nothing. */
  note(receipt: Receipt | undefined): void {
    if (receipt === undefined) return;
    this.inARow = receipt.written > 0 ? 0 : this.inARow + receipt.refused.length;
    if (this.inARow < this.limit) return;
    const example = receipt.refused.at(-1);
    throw new AppError(
      "too_many_record_errors",
      `${this.inARow} records in a row were refused, the last one with ${example?.type}: ${example?.reason}`,
      {
        hint: "Look at the record errors, mend the cause, run `errors retry`, then the same command again: it goes on where it was.",
      },
    );
  }
}

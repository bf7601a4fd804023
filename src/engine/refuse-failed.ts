import { isAbort } from "./errors.ts";
import type { Batch, Receipt, Sink } from "./ports.ts";

/**
 * A sink whose failed batches do not end the transfer: what `refuse` makes of the error, mostly a refusal of every
 * record, is the batch's receipt. Give the transfer a RefusalLimit beside it, or a target that is down refuses
 * everything. `refuse` throws on what concerns every batch, such as a wrong password. A wait that was stopped is no
 * failure.
 */
export function refuseFailed<B extends Batch, R extends Receipt>(
  sink: Sink<B, R>,
  refuse: (batch: B, error: unknown) => R,
): Sink<B, R> {
  return {
    write: async (batch, signal) => {
      try {
        return await sink.write(batch, signal);
      } catch (error) {
        if (isAbort(error)) throw error;
        return refuse(batch, error);
      }
    },
  };
}

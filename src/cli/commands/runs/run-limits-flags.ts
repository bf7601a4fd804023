import type { RunLimits } from "../../../runs/run-record.ts";
import { value } from "../../options/flags.ts";
import { batchSize, concurrency, rowsOrOff, sizeOrOff } from "../../options/values.ts";

/** The limits that a run under way can be given; make RunLimits of them with limitsOf. */
export const limitFlags = {
  maxRps: value("at most so many rows a second, or off", rowsOrOff.optional()),
  maxBytesRate: value("at most so many bytes a second, such as 10MB, or off", sizeOrOff.optional()),
  concurrency: value("batches in flight", concurrency.optional()),
  batchSize: value("rows of one batch", batchSize.optional()),
};

interface Given {
  readonly maxRps?: number | null | undefined;
  readonly maxBytesRate?: number | null | undefined;
  readonly concurrency?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** Those that were given. */
export function limitsOf({ maxRps, maxBytesRate, concurrency: batches, batchSize: rows }: Given): RunLimits {
  return {
    ...(maxRps !== undefined && { recordsPerSecond: maxRps }),
    ...(maxBytesRate !== undefined && { bytesPerSecond: maxBytesRate }),
    ...(batches !== undefined && { concurrency: batches }),
    ...(rows !== undefined && { batchRows: rows }),
  };
}

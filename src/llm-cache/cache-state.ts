import type { CheckpointStore } from "../runs/checkpoint-store.ts";
import type { RecordError, RecordErrors } from "../runs/record-errors.ts";
import type { RunHome } from "../runs/run-home.ts";

/** Where runs, checkpoints and record errors are kept. */
export interface CacheState {
  readonly home: RunHome;
  readonly checkpoints: CheckpointStore;
  /** A scope is the name of a route. */
  readonly errors: RecordErrors<string, CacheErrorFilter, CacheError>;
}

export interface CacheErrorFilter {
  readonly runId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

export type CacheError = RecordError & { readonly scope: string };

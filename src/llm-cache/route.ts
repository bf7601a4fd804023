import type { Receipt } from "../engine/ports.ts";
import type { KvStore } from "./kv-store.ts";
import type { WriteEnd } from "./entries/write-entries.ts";

export interface Route {
  readonly source: KvStore;
  readonly target: KvStore;
}

/** What the sink hands to the checkpoint. */
export type Written = Receipt & WriteEnd;

/** Of a batch that only ends one of the operator's. */
export const nothingWritten: Written = { written: 0, refused: [] };

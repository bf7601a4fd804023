import type { Batch, Refusal } from "../../engine/ports.ts";
import type { StoreName } from "../stores.ts";

export interface SectionHead {
  readonly name: string;
  readonly schema: unknown;
}

/** Records that become one part. */
export interface RecordBatch extends Batch {
  /** Where the section is to be read on behind it; undefined where it can only be read from its start. */
  readonly cursor: string | undefined;
  /** The records; fewer when some are gone by now. */
  load(signal: AbortSignal): Promise<readonly Uint8Array[]>;
}

export interface WriteEnd {
  readonly written: number;
  /** Records whose time is over. */
  readonly expired: number;
  readonly refused: readonly Refusal[];
}

/** What a section of the target has, beside the backup. */
export interface Comparison {
  readonly records: number;
  readonly missing: number;
  readonly different: number;
  readonly extra: number;
}

/**
 * Port: one store as a backup sees it. Records are bytes that only the adapter understands; a section is read in one
 * fixed order and written so that writing twice gives the same.
 */
export interface StoreAdapter {
  readonly store: StoreName;
  /** Tells its server and database from others, without a password. */
  readonly identity: string;
  sections(): Promise<readonly SectionHead[]>;
  /** Batches behind the cursor. */
  read(section: SectionHead, after: string | undefined, signal: AbortSignal): AsyncIterable<RecordBatch>;
  /** Whether reading can go on at a cursor of an earlier run. */
  accepts(section: SectionHead, cursor: string): Promise<boolean>;
  /** Records of the section in this store; 0 where there is no such section. */
  count(section: SectionHead): Promise<number>;
  /** Afterwards records can be written. With `anew` what cannot be written over goes first. */
  prepare(section: SectionHead, anew: boolean): Promise<void>;
  /** Whether writing can go on in the midst of the section, when so many records are confirmed. */
  goesOn(section: SectionHead, confirmed: number): Promise<"yes" | "batch_done" | "from_start">;
  write(section: SectionHead, records: readonly Buffer[], signal: AbortSignal): Promise<WriteEnd>;
  /** When every record is written: indexes, triggers. */
  finish(section: SectionHead): Promise<void>;
  /** What of a record has to be the same in both. */
  content(section: SectionHead, record: Uint8Array): Uint8Array;
  /** Of stores whose contents have more than one form: compares by record what the others compare by `content`. */
  compare?(
    section: SectionHead,
    records: readonly Buffer[],
  ): Promise<{ missing: string[]; different: string[]; equal: string[] }>;
  /** Batches that may be written at once. */
  readonly writesAtOnce: number;
}

/** Of a part, before it is packed. */
export const partBytes = 8 * 1024 * 1024;
export const partRecords = 1000;

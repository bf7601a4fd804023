/**
 * The data layer: the one place that knows the tables redis_*. The server and the importer work through it, so that
 * both write the same file; it knows neither their protocols nor their runs. Keys, fields, members and values are
 * bytes, never text.
 */
import type { DatabaseSync } from "node:sqlite";
import { openSqliteFile } from "../../stores/sqlite/file.ts";
import type { PragmaTemplate } from "../../stores/sqlite/pragmas.ts";
import { type CacheLimits, EntryCache } from "./entry-cache.ts";
import { Hashes } from "./types/hashes.ts";
import { Keyspace } from "./keyspace.ts";
import { Lists } from "./types/lists.ts";
import { ensureDataTables } from "./schema.ts";
import { Sets } from "./types/sets.ts";
import { Strings } from "./types/strings.ts";
import { Transaction } from "./transaction.ts";
import { Zsets } from "./types/zsets.ts";

export interface DataOptions {
  readonly template?: PragmaTemplate;
  /** Other processes are to have the file too: a template's exclusive lock is left out. */
  readonly shared?: boolean;
  readonly cache?: CacheLimits;
}

/** Opens the file, makes it or its tables when they are not there. @throws AppError sqlite_unusable */
export function openData(path: string, options: DataOptions = {}): Data {
  return new Data(openSqliteFile(path, options), options.cache);
}

/**
 * One connection to a data file. Reads may be done at any time. The first write of `strings`, `hashes`, ... opens a
 * transaction, which the caller ends by `commit` or `rollback`, or which `transaction` ends. Several Data may have the
 * same file: each notices when another has written.
 */
export class Data {
  /** For tables that are not ours, in the same transactions. */
  readonly file: DatabaseSync;
  readonly keys: Keyspace;
  readonly strings: Strings;
  readonly hashes: Hashes;
  readonly sets: Sets;
  readonly lists: Lists;
  readonly zsets: Zsets;
  readonly #transaction: Transaction;

  /** Owns the open file from now on. */
  constructor(file: DatabaseSync, cache?: CacheLimits) {
    this.file = file;
    const features = ensureDataTables(file);
    this.#transaction = new Transaction(file);
    this.keys = new Keyspace(file, this.#transaction, features, new EntryCache(cache));
    this.strings = new Strings(file, this.keys);
    this.hashes = new Hashes(file, this.keys);
    this.sets = new Sets(file, this.keys);
    this.lists = new Lists(file, this.keys);
    this.zsets = new Zsets(file, this.keys);
  }

  /**
   * To be called before a group of reads and writes: sets their time, and forgets what another process may have
   * changed.
   */
  begin(): void {
    this.keys.now = Date.now();
    this.keys.forgetWhenOthersWrote();
  }

  /** Whether there is something to commit. */
  get writing(): boolean {
    return this.#transaction.open;
  }

  /**
   * Afterwards everything written since the last one is in the file, as safe as the template says. Throws with nothing
   * of it written.
   */
  commit(): void {
    if (!this.#transaction.open) return;
    try {
      this.keys.flush();
      this.#transaction.commit();
      this.keys.cache.trim();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  rollback(): void {
    this.#transaction.rollback();
    this.keys.forgetAll();
  }

  /**
   * All that `work` writes, or nothing when it throws. Takes the write lock before it. Inside of another it is part of
   * that one.
   */
  transaction<Result>(work: () => Result): Result {
    if (this.#transaction.open) return work();
    this.begin();
    this.keys.beginWrite();
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      if (this.#transaction.open) this.rollback();
      throw error;
    }
  }

  /** What was written and not committed is lost. */
  close(): void {
    if (this.#transaction.open) this.rollback();
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

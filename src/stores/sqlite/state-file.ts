import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "./database-sync.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, UsageError } from "../../engine/errors.ts";
import { describeSqliteError, isBusy } from "./errors.ts";
import { pendingMigrations, upgrade } from "./upgrade.ts";

// src/stores/sqlite owns the state file: one SQLite database in which pipelines without a PostgreSQL remember their
// runs, locks, checkpoints, record errors and dirty records. It never holds what a pipeline moves, and knows nothing of
// it.

/** Another process holds the write lock for milliseconds; only one that was suspended in its midst holds it longer. */
const patienceMillis = 15_000;
const retryMillis = 20;

/**
 * The state file, open. SQLite answers within the call, so nothing here waits on the event loop but for another
 * process's write. A statement that fails is thrown as an AppError that names the file and says what to do.
 */
export class StateFile {
  readonly path: string;
  private readonly db: DatabaseSync;
  private wal: Promise<FileHandle> | undefined;

  /** Use `openStateFile`. */
  constructor(file: string, db: DatabaseSync) {
    this.path = file;
    this.db = db;
  }

  /** What `look` reads. It must not write, and not wait for anything. */
  read<T>(look: (db: DatabaseSync) => T): Promise<T> {
    return this.patiently(() => look(this.db));
  }

  /**
   * Does `change` in one transaction, durable when it resolves, and nothing of it when it throws. It must not wait for
   * anything.
   */
  write<T>(change: (db: DatabaseSync) => T): Promise<T> {
    return this.patiently(() => inTransaction(this.db, change));
  }

  /**
   * As `write`, but durable only when `flush` or a later `write` resolves: what it changed survives the death of this
   * process at once, and a power failure from then on. The call does not wait for the disk.
   */
  writeSoon<T>(change: (db: DatabaseSync) => T): Promise<T> {
    return this.patiently(() => {
      this.db.exec("pragma synchronous = normal"); // in WAL mode a commit then syncs nothing
      try {
        return inTransaction(this.db, change);
      } finally {
        this.db.exec("pragma synchronous = full");
      }
    });
  }

  /**
   * Everything written so far is durable when it resolves. Other work of this process goes on meanwhile. Throws
   * AppError when the disk fails.
   */
  async flush(): Promise<void> {
    try {
      this.wal ??= open(`${this.path}-wal`, "r");
      await (await this.wal).datasync();
    } catch (cause) {
      throw new AppError("state_file", `The state file ${this.path}: ${(cause as Error).message}.`, {
        cause,
        hint: "What was written last may be lost when the power fails. Look at the disk.",
      });
    }
  }

  close(): void {
    void this.wal?.then((file) => file.close()).catch(() => {});
    this.wal = undefined;
    if (this.db.isOpen) this.db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private async patiently<T>(attempt: () => T): Promise<T> {
    const giveUp = performance.now() + patienceMillis;
    for (;;) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || performance.now() > giveUp) throw describeSqliteError(error, this.path);
      }
      await sleep(retryMillis * (1 + Math.random())); // between attempts other work of this process goes on
    }
  }
}

/**
 * Opens the state file at `file`, an absolute path, and makes it, and its folder, when it is not there: readable by
 * this user alone, for options and reasons may quote data. Brings its tables to what this program knows. Throws
 * AppError for a file that is none of ours, was made by a newer program, or cannot be written.
 */
export async function openStateFile(file: string): Promise<StateFile> {
  if (!path.isAbsolute(file)) throw new UsageError("state_file", "The state file must be named by an absolute path.");
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, "a", 0o600)); // SQLite gives its -wal and -shm files the mode of this one
  } catch (cause) {
    throw new AppError("state_file", `The state file ${file} cannot be made: ${(cause as Error).message}.`, {
      cause,
      hint: "Name another with STATE_FILE, on a local disk, in a folder that you may write. Nothing was touched.",
    });
  }
  const state = new StateFile(file, connect(file));
  try {
    if ((await state.read((db) => pendingMigrations(db, file))).length === 0) return state;
    await state.read((db) => db.exec("pragma journal_mode = wal")); // cannot be changed in a transaction
    await state.write((db) => upgrade(db, file));
    return state;
  } catch (error) {
    state.close();
    throw error;
  }
}

/** As openStateFile; undefined, and nothing is made, where there is no such file. */
export async function openExistingStateFile(file: string): Promise<StateFile | undefined> {
  return existsSync(file) ? openStateFile(file) : undefined;
}

function connect(file: string): DatabaseSync {
  try {
    const db = new DatabaseSync(file, { timeout: 0 });
    // FULL: what was said to be recorded is on the disk, also when the power fails; in WAL mode NORMAL would lose the
    // last transactions.
    db.exec("pragma synchronous = full; pragma foreign_keys = on; pragma journal_size_limit = 16777216");
    return db;
  } catch (error) {
    throw describeSqliteError(error, file);
  }
}

function inTransaction<T>(db: DatabaseSync, change: (db: DatabaseSync) => T): T {
  db.exec("begin immediate");
  try {
    const result = change(db);
    db.exec("commit");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    throw error;
  }
}

import { rm } from "node:fs/promises";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { AppError } from "../../engine/errors.ts";
import type { CacheEntry } from "../entries/cache-entry.ts";

/**
 * What was written to a JSON store and is not in its file yet: a SQLite file beside it, so that entries are durable one
 * batch at a time, outlive a crash and need no memory. One process has it at a time.
 */
export class Spool {
  private readonly file: DatabaseSync;
  private readonly path: string;
  private readonly insert: StatementSync;
  private readonly find: StatementSync;
  private readonly place: StatementSync;

  private constructor(path: string, file: DatabaseSync) {
    this.path = path;
    this.file = file;
    this.insert = file.prepare(
      "insert into entries (key, text) values (?, ?) on conflict (key) do update set text = excluded.text",
    );
    this.find = file.prepare("select text from entries where key = ?");
    this.place = file.prepare("update entries set placed = 1 where key = ?");
  }

  /** With what an earlier run left in it when `goOn`, else empty. Throws AppError when another process has it. */
  static async open(path: string, goOn: boolean): Promise<Spool> {
    const file = openExclusively(path);
    file.exec(
      "create table if not exists entries (key text primary key, text text not null, placed integer not null default 0)",
    );
    if (!goOn) file.exec("delete from entries");
    return new Spool(path, file);
  }

  get isEmpty(): boolean {
    return this.file.prepare("select 1 from entries limit 1").get() === undefined;
  }

  /** All or none; durable when it returns. */
  add(entries: readonly CacheEntry[]): void {
    this.file.exec("begin");
    try {
      for (const { key, text } of entries) this.insert.run(key, text);
      this.file.exec("commit");
    } catch (error) {
      this.file.exec("rollback");
      throw error;
    }
  }

  /** From now on nothing has a place in the new file. */
  beginPlacing(): void {
    this.file.exec("begin; update entries set placed = 0 where placed = 1");
  }

  /** The text for this key, which has its place now; undefined when there is none. */
  take(key: string): string | undefined {
    const found = this.find.get(key) as { text: string } | undefined;
    if (found !== undefined) this.place.run(key);
    return found?.text;
  }

  /** Those without a place, in the order in which they were written. */
  *rest(): Generator<CacheEntry> {
    for (const row of this.file.prepare("select key, text from entries where placed = 0 order by rowid").iterate()) {
      yield row as unknown as CacheEntry;
    }
  }

  endPlacing(): void {
    this.file.exec("rollback");
  }

  close(): void {
    if (this.file.isOpen) this.file.close();
  }

  /** Everything in it is in the store's file. */
  async remove(): Promise<void> {
    this.close();
    await Promise.all(["", "-wal", "-shm", "-journal"].map((ending) => rm(this.path + ending, { force: true })));
  }
}

const busy = 5; // SQLITE_BUSY: https://www.sqlite.org/rescode.html

function openExclusively(path: string): DatabaseSync {
  const file = new DatabaseSync(path);
  try {
    file.exec(
      "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full; begin immediate; commit",
    );
    return file;
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    throw new AppError("json_store_busy", `Another run is writing to the store of ${path}`, {
      hint: "app runs list shows the runs. Wait for it, or stop it with app runs abort.",
    });
  }
}

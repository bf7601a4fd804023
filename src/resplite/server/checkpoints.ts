import { extname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

/**
 * Pages of the write-ahead log (64 MB) before they are written to their places. That takes two syncs of the disk; with
 * the 1,000 pages of the templates half of the time went there: bench/resplite.ts.
 */
const checkpointPages = 16_000;

/** Of a log that grows though the thread works, because another process reads for long or the thread has failed. */
const mostPages = 4 * checkpointPages;

/** So few are written without the thread, in some milliseconds: only then can the log begin anew. */
const fewPages = 500;

const lookMillis = 100;

/**
 * Checkpoints, by a thread where that is possible: it waits for the disk while the server goes on. The last pages,
 * which were written meanwhile, are left to the server itself, as a log begins anew only when all of it was written.
 */
export class Checkpoints {
  readonly #file: DatabaseSync;
  readonly #path: string;
  readonly #look: StatementSync;
  readonly #finish: StatementSync;
  readonly #timer: NodeJS.Timeout;
  #thread: Worker | undefined;
  #working = false;

  /** Undefined where a thread cannot have the file, or cannot be told when it is wanted: SQLite does it in a commit. */
  static of(file: DatabaseSync): Checkpoints | undefined {
    file.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    const path = value(file, "SELECT file FROM pragma_database_list WHERE name = 'main'");
    const isShared = value(file, "PRAGMA journal_mode") === "wal" && value(file, "PRAGMA locking_mode") === "normal";
    if (path === "" || !isShared || !knowsNoop(value(file, "SELECT sqlite_version()"))) return undefined;
    return new Checkpoints(file, path);
  }

  private constructor(file: DatabaseSync, path: string) {
    this.#file = file;
    this.#path = path;
    this.#look = file.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#finish = file.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    file.exec(`PRAGMA wal_autocheckpoint = ${mostPages}`);
    this.#timer = setInterval(() => this.#begin(), lookMillis).unref();
  }

  /** To be called before the file is closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.removeAllListeners("message");
    thread.ref(); // it is waited for: nothing else may keep the process
    const ended = new Promise((resolve) => thread.once("exit", resolve));
    thread.postMessage("end");
    await ended;
  }

  #begin(): void {
    if (this.#working || this.#file.isTransaction || this.#pages().log < checkpointPages) return;
    this.#working = true;
    this.#thread ??= this.#start();
    this.#thread.postMessage("work");
  }

  #start(): Worker {
    const script = new URL(`./checkpoint-thread${extname(import.meta.url)}`, import.meta.url);
    const thread = new Worker(script, { workerData: { path: this.#path, fewPages } });
    thread.unref();
    thread.on("message", () => setTimeout(() => this.#end(), 0));
    thread.on("error", () => this.#fail());
    return thread;
  }

  #end(): void {
    if (!this.#file.isOpen) return;
    if (this.#file.isTransaction) return void setTimeout(() => this.#end(), 0); // SQLite refuses it within
    this.#working = false;
    const { log, checkpointed } = this.#pages();
    if (log - checkpointed <= 2 * fewPages) this.#finish.get();
  }

  /** From now on SQLite does it in a commit, as without a thread. */
  #fail(): void {
    clearInterval(this.#timer);
    this.#thread = undefined;
    this.#file.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  }

  #pages(): { log: number; checkpointed: number } {
    return this.#look.get() as { log: number; checkpointed: number };
  }
}

/** The mode that only counts pages came with SQLite 3.51: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint */
function knowsNoop(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 51);
}

function value(file: DatabaseSync, sql: string): string {
  const [found] = Object.values(file.prepare(sql).get() ?? {});
  return String(found ?? "");
}

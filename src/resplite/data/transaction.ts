import type { DatabaseSync, StatementSync } from "node:sqlite";

/**
 * The one transaction of a connection. Reads go without: each sees what is committed, and what the open one has
 * written.
 */
export class Transaction {
  readonly #file: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #version: StatementSync;
  #open = false;
  #seenVersion = -1;

  constructor(file: DatabaseSync) {
    this.#file = file;
    this.#begin = file.prepare("BEGIN IMMEDIATE");
    this.#commit = file.prepare("COMMIT");
    this.#version = file.prepare("PRAGMA data_version");
    this.#version.setReturnArrays(true);
    this.#seenVersion = this.#readVersion();
  }

  get open(): boolean {
    return this.#open;
  }

  /** Waits as long as busy_timeout allows for other writers, holding up the whole process. */
  begin(): void {
    this.#begin.run();
    this.#open = true;
  }

  commit(): void {
    this.#commit.run();
    this.#open = false;
  }

  rollback(): void {
    if (this.#file.isTransaction) this.#file.exec("ROLLBACK"); // a full disk has ended it already
    this.#open = false;
  }

  /**
   * Whether another connection has committed since this was asked last:
   * https://www.sqlite.org/pragma.html#pragma_data_version
   */
  otherWrote(): boolean {
    const version = this.#readVersion();
    if (version === this.#seenVersion) return false;
    this.#seenVersion = version;
    return true;
  }

  #readVersion(): number {
    return (this.#version.get() as unknown as [number])[0];
  }
}

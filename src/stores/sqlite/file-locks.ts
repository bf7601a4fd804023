import { createHash } from "node:crypto";
import { isBusy } from "./errors.ts";
import { isHeld, SessionFile } from "./session-file.ts";
import type { RunLocks } from "../../runs/run-locks.ts";

/** Locks beside a file, one file for each name, that end with their process (session-file.ts). */
export class FileLocks implements RunLocks {
  readonly #prefix: string;
  readonly #scope: string;
  readonly #held = new Map<string, SessionFile>();
  readonly #lost = new AbortController();

  /** `prefix` is the beginning of the paths of the lock files; names of another scope are others. */
  constructor(prefix: string, scope: string) {
    this.#prefix = prefix;
    this.#scope = scope;
  }

  static isHeld(prefix: string, scope: string, name: string): boolean {
    return isHeld(lockPath(prefix, scope, name));
  }

  /** Never aborts: nobody but the holder removes a lock file that is held. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async tryLock(name: string): Promise<boolean> {
    try {
      const file = new SessionFile(lockPath(this.#prefix, this.#scope, name));
      if (!file.isThere) return false; // its last holder removed it as we took it: the caller tries again
      this.#held.set(name, file);
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  }

  async unlock(name: string): Promise<void> {
    this.#held.get(name)?.close();
    this.#held.delete(name);
  }

  close(): void {
    for (const file of this.#held.values()) file.close();
    this.#held.clear();
  }
}

function lockPath(prefix: string, scope: string, name: string): string {
  return `${prefix}-${createHash("sha256").update(`${scope}\n${name}`).digest("hex").slice(0, 16)}`;
}

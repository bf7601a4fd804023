import { existsSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "./database-sync.ts";
import { isBusy } from "./errors.ts";

/**
 * A file that is locked as long as a process lives. The kernel holds the lock and drops it when the process ends,
 * however it ends, and not before: no clock, no process id and no heartbeat can be wrong about it, and processes of two
 * containers on one machine see each other. Node has no call for such locks; SQLite takes one for an exclusive
 * transaction, here on an empty database. Files without that lock are left by the dead.
 */
export class SessionFile {
  readonly path: string;
  private readonly inode: number;
  private readonly holder: DatabaseSync;

  /** Makes the file and locks it. */
  constructor(file: string) {
    this.path = file;
    this.holder = new DatabaseSync(file, { timeout: 0 });
    // with another journal there would be a second file
    this.holder.exec("pragma journal_mode = memory; begin exclusive");
    this.inode = statSync(file).ino;
  }

  /** Whether others still see the lock: false when somebody took the file away. */
  get isThere(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.ino === this.inode;
  }

  close(): void {
    if (this.holder.isOpen) this.holder.close();
    rmSync(this.path, { force: true });
  }
}

/** Whether the process that made the file lives. Throws when the file is there and may not be read. */
export function isHeld(file: string): boolean {
  try {
    using look = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    look.prepare("select count(*) from sqlite_schema").get(); // takes the shared lock, which lookers share
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    if (!existsSync(file)) return false;
    throw error;
  }
}

import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../../engine/errors.ts";
import type { RunLocks } from "../../runs/run-locks.ts";
import { isHeld, SessionFile } from "./session-file.ts";
import type { StateFile } from "./state-file.ts";

const watchMillis = 1000;

/**
 * Locks in the state file. A row says which session holds a name; it counts only while that session's file is held
 * (session-file.ts). `lost` aborts when the state file or the session's file was removed or replaced, for then other
 * processes no longer see these locks.
 */
export class SqliteLocks implements RunLocks {
  readonly lost: AbortSignal;
  private readonly state: StateFile;
  private readonly session: string;
  private readonly file: SessionFile;
  private readonly watch: NodeJS.Timeout;

  private constructor(state: StateFile, session: string, file: SessionFile) {
    const lost = new AbortController();
    const inode = statSync(state.path).ino;
    const look = (): void => {
      if (file.isThere && statSync(state.path, { throwIfNoEntry: false })?.ino === inode) return;
      lost.abort(stateLost(state.path));
      clearInterval(this.watch);
    };
    this.lost = lost.signal;
    this.state = state;
    this.session = session;
    this.file = file;
    this.watch = setInterval(look, watchMillis).unref();
  }

  static open(state: StateFile): Promise<SqliteLocks> {
    // In a write transaction: nobody may take a file for a dead one's between its making and its locking.
    return state.write((db) => {
      forgetDeadSessions(db, state);
      const session = randomUUID();
      return new SqliteLocks(state, session, new SessionFile(sessionPath(state, session)));
    });
  }

  tryLock(name: string): Promise<boolean> {
    return this.state.write((db) => {
      if (isLocked(db, this.state, name)) return false;
      db.prepare(
        "insert into locks (name, session) values (?, ?) on conflict do update set session = excluded.session",
      ).run(name, this.session);
      return true;
    });
  }

  async unlock(name: string): Promise<void> {
    await this.state.write((db) =>
      db.prepare("delete from locks where name = ? and session = ?").run(name, this.session),
    );
  }

  /** Releases every lock: their rows count no more, and the next who opens locks takes them away. */
  close(): void {
    clearInterval(this.watch);
    this.file.close();
  }
}

/** Whether anybody holds the lock. */
export function isLocked(db: DatabaseSync, state: StateFile, name: string): boolean {
  const row = db.prepare("select session from locks where name = ?").get(name);
  return row !== undefined && isHeld(sessionPath(state, row["session"] as string));
}

function sessionPath(state: StateFile, session: string): string {
  return `${state.path}-session-${session}`;
}

function forgetDeadSessions(db: DatabaseSync, state: StateFile): void {
  const live = new Set<string>();
  for (const session of sessionsOf(state)) {
    if (isHeld(sessionPath(state, session))) live.add(session);
    else rmSync(sessionPath(state, session), { force: true });
  }
  for (const row of db.prepare("select distinct session from locks").all()) {
    const session = row["session"] as string;
    if (!live.has(session)) db.prepare("delete from locks where session = ?").run(session);
  }
}

function sessionsOf(state: StateFile): string[] {
  const start = path.basename(sessionPath(state, ""));
  return readdirSync(path.dirname(state.path))
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length));
}

function stateLost(file: string): AppError {
  return new AppError("state_file_lost", `The state file ${file} was removed or replaced while a run used it.`, {
    hint: "Put it back, or run the same command again: without it the run begins at its start, and writes again what is there already.",
  });
}

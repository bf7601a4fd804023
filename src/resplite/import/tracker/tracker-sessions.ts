import type { DatabaseSync } from "node:sqlite";

/** A period in which nobody noted what changed. Milliseconds since 1970. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

interface SessionRow {
  readonly id: number;
  readonly started_at: number;
  readonly alive_at: number;
  readonly ended_at: number | null;
  readonly stop_requested: number;
  readonly last_marker: string | null;
}

/** When trackers of a run have listened. One listens at a time. */
export class TrackerSessions {
  readonly #file: DatabaseSync;
  readonly #runId: string;

  constructor(file: DatabaseSync, runId: string) {
    this.#file = file;
    this.#runId = runId;
  }

  /** From now on events are noted; returns the session's id. */
  begin(): number {
    const now = Date.now();
    const done = this.#file
      .prepare("INSERT INTO migration_tracker_sessions (run_id, started_at, alive_at) VALUES (?, ?, ?)")
      .run(this.#runId, now, now);
    return Number(done.lastInsertRowid);
  }

  /** Everything up to now is noted. */
  alive(id: number): void {
    this.#file.prepare("UPDATE migration_tracker_sessions SET alive_at = ? WHERE id = ?").run(Date.now(), id);
  }

  end(id: number): void {
    const now = Date.now();
    this.#file
      .prepare("UPDATE migration_tracker_sessions SET alive_at = max(alive_at, ?), ended_at = ? WHERE id = ?")
      .run(now, now, id);
  }

  /** The connection broke: what came after `alive_at` may be lost. */
  broken(id: number): void {
    this.#file.prepare("UPDATE migration_tracker_sessions SET ended_at = ? WHERE id = ?").run(Date.now(), id);
  }

  heard(id: number, marker: string): void {
    this.#file.prepare("UPDATE migration_tracker_sessions SET last_marker = ? WHERE id = ?").run(marker, id);
  }

  hasHeard(marker: string): boolean {
    return (
      this.#file
        .prepare("SELECT 1 FROM migration_tracker_sessions WHERE run_id = ? AND last_marker = ?")
        .get(this.#runId, marker) !== undefined
    );
  }

  requestStop(): void {
    this.#file
      .prepare("UPDATE migration_tracker_sessions SET stop_requested = 1 WHERE run_id = ? AND ended_at IS NULL")
      .run(this.#runId);
  }

  isAskedToStop(id: number): boolean {
    const row = this.#file.prepare("SELECT stop_requested FROM migration_tracker_sessions WHERE id = ?").get(id);
    return row?.["stop_requested"] === 1;
  }

  hasAny(): boolean {
    return this.#rows().length > 0;
  }

  /**
   * When nobody listened between `since` and `until`. `isAlive` says whether the newest session still listens; the
   * others ended when they last said that they were alive, however they ended.
   */
  gaps(since: number, until: number, isAlive: boolean): Gap[] {
    const rows = this.#rows();
    const gaps: Gap[] = [];
    let covered = since;
    for (const [at, row] of rows.entries()) {
      const end = at === rows.length - 1 && isAlive && row.ended_at === null ? until : row.alive_at;
      if (row.started_at > covered && covered < until)
        gaps.push({ from: covered, to: Math.min(row.started_at, until) });
      covered = Math.max(covered, end);
    }
    if (covered < until) gaps.push({ from: covered, to: until });
    return gaps;
  }

  #rows(): SessionRow[] {
    return this.#file
      .prepare("SELECT * FROM migration_tracker_sessions WHERE run_id = ? ORDER BY id")
      .all(this.#runId) as unknown as SessionRow[];
  }
}

/** A full comparison that has put everything right that differed. */
export function noteSweep(file: DatabaseSync, runId: string, startedAt: number): void {
  file
    .prepare("INSERT INTO migration_sweeps (run_id, started_at, finished_at) VALUES (?, ?, ?)")
    .run(runId, startedAt, Date.now());
}

/** When the newest full sweep began: what changed before it is settled. Undefined when there was none. */
export function newestSweep(file: DatabaseSync, runId: string): number | undefined {
  const row = file.prepare("SELECT max(started_at) AS at FROM migration_sweeps WHERE run_id = ?").get(runId);
  return (row?.["at"] as number | null) ?? undefined;
}

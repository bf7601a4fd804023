import type { DatabaseSync, StatementSync } from "node:sqlite";
import { bufferOf, Query } from "../../data/query.ts";

export type DirtyState = "dirty" | "applied" | "deleted" | "skipped" | "error";

export interface PendingKey {
  readonly key: Buffer;
  /** Events that were noted of the key when it was listed: settles exactly these. */
  readonly events: number;
}

/**
 * The dirty keys of one run. A tracker notes, the importer settles; of a key that changes again in between, the note
 * stays. `deleted` is what a tracker notes of a key that is gone as well as how its deletion is settled: it waits as
 * long as the key is in the destination and has not expired there. Methods work in the open transaction of the file,
 * or alone.
 */
export class DirtyRegistry {
  readonly #runId: string;
  readonly #note: Query<[number]>;
  readonly #first: StatementSync;
  readonly #settle: StatementSync;
  readonly #again: StatementSync;
  readonly #retry: StatementSync;
  readonly #events: Query<[number]>;
  readonly #pending: Query<[Uint8Array, number, number]>;
  readonly #counts: Query<[DirtyState, number]>;
  readonly #waiting: Query<[number]>;
  readonly #seen: Query<[number]>;

  constructor(file: DatabaseSync, runId: string) {
    this.#runId = runId;
    this.#note = new Query(
      file,
      `INSERT INTO migration_dirty_keys (run_id, key, first_seen_at, last_seen_at, events_count, last_event, state)
       VALUES (?, ?, ?, ?, 1, ?, ?)
       ON CONFLICT (run_id, key) DO UPDATE SET last_seen_at = excluded.last_seen_at, events_count = events_count + 1,
         last_event = excluded.last_event, state = excluded.state
       RETURNING events_count`,
    );
    this.#first = file.prepare("UPDATE migration_runs SET dirty_keys_seen = dirty_keys_seen + 1 WHERE run_id = ?");
    this.#settle = file.prepare(
      "UPDATE migration_dirty_keys SET state = ? WHERE run_id = ? AND key = ? AND events_count = ?",
    );
    this.#again = file.prepare(
      `INSERT INTO migration_dirty_keys (run_id, key, first_seen_at, last_seen_at, last_event, state) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_id, key) DO UPDATE SET state = excluded.state`,
    );
    this.#retry = file.prepare("UPDATE migration_dirty_keys SET state = 'dirty' WHERE run_id = ? AND state = 'error'");
    this.#events = new Query(file, "SELECT events_count FROM migration_dirty_keys WHERE run_id = ? AND key = ?");
    const waits = `d.run_id = ? AND (d.state = 'dirty' OR (d.state = 'deleted' AND EXISTS (
      SELECT 1 FROM redis_keys k
       WHERE k.key = d.key AND (k.expires_at IS NULL OR k.expires_at > unixepoch('subsec') * 1000))))`;
    this.#pending = new Query(
      file,
      `SELECT key, events_count, last_seen_at FROM migration_dirty_keys d WHERE ${waits}
       AND (last_seen_at, key) > (?, ?) AND last_seen_at <= ? ORDER BY last_seen_at, key LIMIT ?`,
    );
    this.#counts = new Query(file, "SELECT state, count(*) FROM migration_dirty_keys WHERE run_id = ? GROUP BY state");
    this.#waiting = new Query(file, `SELECT count(*) FROM migration_dirty_keys d WHERE ${waits}`);
    this.#seen = new Query(file, "SELECT count(*) FROM migration_dirty_keys WHERE run_id = ?");
  }

  /** An event of Redis. `at` in milliseconds since 1970. */
  note(key: Buffer, event: string, deletes: boolean, at: number): void {
    const [events] = this.#note.first(this.#runId, key, at, at, event, deletes ? "deleted" : "dirty")!;
    if (events === 1) this.#first.run(this.#runId);
  }

  /** How many events were noted of the key so far. */
  eventsOf(key: Buffer): number {
    return this.#events.first(this.#runId, key)?.[0] ?? 0;
  }

  /** Does nothing when the key has changed since it was listed. */
  settle({ key, events }: PendingKey, state: DirtyState): void {
    this.#settle.run(state, this.#runId, key, events);
  }

  /** The key is to be looked at again, whether it was ever noted or not. `event` says why. */
  lookAgain(key: Buffer, event: string, state: "dirty" | "error" = "dirty"): void {
    const now = Date.now();
    if (this.eventsOf(key) === 0) this.#first.run(this.#runId);
    this.#again.run(this.#runId, key, now, now, event, state);
  }

  /** What failed before waits again. */
  retryErrors(): void {
    this.#retry.run(this.#runId);
  }

  /**
   * Keys that wait, oldest event first, noted at `until` at the latest. One key may come again with events of its own.
   */
  *pages(until: number, size: () => number): Generator<PendingKey[]> {
    let [at, last]: [number, Buffer] = [-1, Buffer.alloc(0)];
    for (;;) {
      const page = this.#pending.all(this.#runId, at, last, until, size());
      if (page.length === 0) return;
      const [key, , seen] = page.at(-1)!;
      [at, last] = [seen, bufferOf(key)];
      yield page.map(([pending, events]) => ({ key: bufferOf(pending), events }));
    }
  }

  counts(): Record<DirtyState, number> {
    const counts = { dirty: 0, applied: 0, deleted: 0, skipped: 0, error: 0 };
    for (const [state, count] of this.#counts.all(this.#runId)) counts[state] = count;
    return counts;
  }

  /** Keys that are still to be applied. */
  waiting(): number {
    return this.#waiting.first(this.#runId)![0];
  }

  /** Keys that were ever noted. */
  seen(): number {
    return this.#seen.first(this.#runId)![0];
  }
}

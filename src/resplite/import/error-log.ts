import type { DatabaseSync, StatementSync } from "node:sqlite";

export type ErrorStage = "bulk" | "dirty_apply" | "verify";

export interface LoggedError {
  readonly at: number;
  readonly key: Uint8Array | null;
  readonly stage: ErrorStage;
  readonly message: string;
}

/** More would only make the file larger: the keys themselves wait in the registry. */
const mostRows = 1000;

/** What went wrong in a run: the newest thousand. */
export class ErrorLog {
  readonly #file: DatabaseSync;
  readonly #runId: string;
  readonly #insert: StatementSync;
  readonly #forget: StatementSync;

  constructor(file: DatabaseSync, runId: string) {
    this.#file = file;
    this.#runId = runId;
    this.#insert = file.prepare(
      "INSERT INTO migration_errors (run_id, at, key, stage, message) VALUES (?, ?, ?, ?, ?)",
    );
    this.#forget = file.prepare(
      `DELETE FROM migration_errors WHERE run_id = ? AND rowid <=
         (SELECT rowid FROM migration_errors WHERE run_id = ? ORDER BY rowid DESC LIMIT 1 OFFSET ${mostRows})`,
    );
  }

  add(stage: ErrorStage, message: string, key: Buffer | null = null): void {
    this.#insert.run(this.#runId, Date.now(), key, stage, message.slice(0, 1000));
    this.#forget.run(this.#runId, this.#runId);
  }

  /** The newest first. */
  newest(limit: number): LoggedError[] {
    return this.#file
      .prepare("SELECT at, key, stage, message FROM migration_errors WHERE run_id = ? ORDER BY rowid DESC LIMIT ?")
      .all(this.#runId, limit) as unknown as LoggedError[];
  }

  count(): number {
    return this.#file.prepare("SELECT count(*) AS errors FROM migration_errors WHERE run_id = ?").get(this.#runId)![
      "errors"
    ] as number;
  }
}

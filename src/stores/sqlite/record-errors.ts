import type { Refusal } from "../../engine/ports.ts";
import { type RecordError, type RecordErrors, shortReason } from "../../runs/record-errors.ts";
import type { StateFile } from "./state-file.ts";

/** Of several conditions all have to hold. */
export interface ScopeFilter {
  readonly runId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Scopes that begin so: those of one pipeline. */
  readonly scopePrefix?: string | undefined;
}

export interface ScopedRecordError extends RecordError {
  readonly scope: string;
}

/** The record errors in the state file. Scopes are text that begins with the name of the pipeline. */
export class SqliteRecordErrors implements RecordErrors<string, ScopeFilter, ScopedRecordError> {
  private readonly state: StateFile;

  constructor(state: StateFile) {
    this.state = state;
  }

  async save(scope: string, runId: string, refused: readonly Refusal[]): Promise<void> {
    if (refused.length === 0) return;
    await this.state.write((db) => {
      const save = db.prepare(
        `insert into record_errors (scope, record_id, type, reason, run_id, first_seen_at, last_seen_at)
         values (:scope, :id, :type, :reason, :runId, :now, :now)
         on conflict do update set type = excluded.type, reason = excluded.reason, run_id = excluded.run_id,
           attempts = attempts + 1, last_seen_at = excluded.last_seen_at`,
      );
      const now = new Date().toISOString();
      for (const { id, type, reason } of refused)
        save.run({ scope, id, type, reason: shortReason(reason), runId, now });
    });
  }

  list(filter: ScopeFilter, limit: number, after?: ScopedRecordError): Promise<ScopedRecordError[]> {
    return this.state.read((db) =>
      db
        .prepare(
          `select scope, record_id, type, reason, attempts, last_seen_at from record_errors
            where ${meant} and (scope, record_id) > (:scope, :id) order by scope, record_id limit :limit`,
        )
        .all({ ...valuesOf(filter), scope: after?.scope ?? "", id: after?.id ?? "", limit })
        .map((row) => ({
          scope: row["scope"] as string,
          id: row["record_id"] as string,
          type: row["type"] as string,
          reason: row["reason"] as string,
          attempts: row["attempts"] as number,
          lastSeenAt: row["last_seen_at"] as string,
        })),
    );
  }

  async forget(scope: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.state.write((db) => {
      const forget = db.prepare("delete from record_errors where scope = ? and record_id = ?");
      for (const id of ids) forget.run(scope, id);
    });
  }

  discard(filter: ScopeFilter): Promise<number> {
    return this.state.write((db) =>
      Number(db.prepare(`delete from record_errors where ${meant}`).run(valuesOf(filter)).changes),
    );
  }

  countByType(filter: ScopeFilter): Promise<Record<string, number>> {
    return this.state.read((db) => {
      const rows = db
        .prepare(`select type, count(*) as records from record_errors where ${meant} group by type`)
        .all(valuesOf(filter));
      return Object.fromEntries(rows.map(({ type, records }) => [type as string, records as number]));
    });
  }
}

const meant = `(:runId is null or run_id = :runId) and (:scopes is null or scope in (select value from json_each(:scopes)))
  and (:prefix is null or substr(scope, 1, length(:prefix)) = :prefix)`;

function valuesOf({ runId, scopes, scopePrefix }: ScopeFilter) {
  return {
    runId: runId ?? null,
    scopes: scopes === undefined ? null : JSON.stringify(scopes),
    prefix: scopePrefix ?? null,
  };
}

import type { DatabaseSync } from "node:sqlite";
import type { ListedErrors, RecordError } from "../../runs/record-errors.ts";
import { printableKey } from "./import-report.ts";

/** One run of the file. */
export interface ImportErrorFilter {
  readonly runId: string;
}

/** What could not be said of a key: the log of a run keeps its newest thousand messages only. */
const unknown = { type: "unknown", reason: "its message is no longer kept" };

/** The newest message of each key that could not be copied. */
const failedKeys = `
  select d.key as key, d.last_seen_at as at, e.stage as stage, e.message as message,
         (select count(*) from migration_errors c where c.run_id = d.run_id and c.key = d.key) as attempts
    from migration_dirty_keys d
    left join migration_errors e on e.rowid =
      (select max(n.rowid) from migration_errors n where n.run_id = d.run_id and n.key = d.key)
   where d.run_id = :runId and d.state = 'error'`;

/** A key of Redis; its id is its text, or its bytes in hexadecimal where it is none. */
export type ImportError = RecordError & { readonly key: Uint8Array };

/**
 * The keys of a run that could not be copied, behind the port of all pipelines. The importer itself notes them, through
 * its registry and its log.
 */
export class ImportErrors implements ListedErrors<ImportErrorFilter, ImportError> {
  readonly #file: DatabaseSync;

  constructor(file: DatabaseSync) {
    this.#file = file;
  }

  async list({ runId }: ImportErrorFilter, limit: number, after?: ImportError): Promise<ImportError[]> {
    const rows = this.#file
      .prepare(`${failedKeys} and d.key > :after order by d.key limit :limit`)
      .all({ runId, after: after?.key ?? new Uint8Array(), limit });
    return rows.map((row) => {
      const key = row["key"] as Uint8Array;
      return {
        id: printableKey(key),
        key,
        type: (row["stage"] as string | null) ?? unknown.type,
        reason: (row["message"] as string | null) ?? unknown.reason,
        attempts: row["attempts"] as number,
        lastSeenAt: new Date(row["at"] as number).toISOString(),
      };
    });
  }

  async countByType({ runId }: ImportErrorFilter): Promise<Record<string, number>> {
    const rows = this.#file
      .prepare(`select coalesce(stage, '${unknown.type}') as type, count(*) as keys from (${failedKeys}) group by 1`)
      .all({ runId });
    return Object.fromEntries(rows.map(({ type, keys }) => [type as string, keys as number]));
  }

  /** apply-dirty passes these keys over from now on, as it does those of kinds that the file has no place for. */
  async discard({ runId }: ImportErrorFilter): Promise<number> {
    const skip = "UPDATE migration_dirty_keys SET state = 'skipped' WHERE run_id = ? AND state = 'error'";
    return Number(this.#file.prepare(skip).run(runId).changes);
  }
}

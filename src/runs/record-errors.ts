import type { Refusal } from "../engine/ports.ts";

/** A record that a target refused for good. */
export interface RecordError {
  readonly id: string;
  readonly type: string;
  readonly reason: string;
  /** How often the record was refused. */
  readonly attempts: number;
  /** Text that `Date` reads. */
  readonly lastSeenAt: string;
}

/**
 * Port: the records that targets refuse for good, each once, with the reason. A scope is what a pipeline tells the sets
 * of its records apart by, a filter chooses among them (an empty one means all), an entry is a record error as the
 * pipeline shows it. Each method is one transaction, durable when it resolves. Save a batch's record errors before its
 * checkpoint: the batch is repeated when the process dies in between, and nothing is lost.
 */
export interface RecordErrors<Scope, Filter, Entry extends RecordError> {
  /**
   * A record that is one already gets the new reason and run, and one attempt more. Reasons are shortened
   * (`shortReason`).
   */
  save(scope: Scope, runId: string, refused: readonly Refusal[]): Promise<void>;
  /** At most `limit`, in an order that does not change, those behind `after`. */
  list(filter: Filter, limit: number, after?: Entry): Promise<Entry[]>;
  /** These records are record errors no more; those that were none stay so. */
  forget(scope: Scope, ids: readonly string[]): Promise<void>;
  /** Forgets all that the filter chooses and returns how many. The records themselves are not touched. */
  discard(filter: Filter): Promise<number>;
  countByType(filter: Filter): Promise<Record<string, number>>;
}

/** What the `errors` commands need of the port. */
export type ListedErrors<Filter, Entry extends RecordError> = Pick<
  RecordErrors<never, Filter, Entry>,
  "list" | "discard" | "countByType"
>;

/**
 * Enough to see what was wrong; targets repeat the value they refused, which may be the user's data and megabytes of
 * it.
 */
export function shortReason(reason: string): string {
  return reason.slice(0, 1000).replaceAll("\0", "\ufffd");
}

/** What `errors list` shows: the first entries, and how many there are of each type. */
export async function reportErrors<Filter, Entry extends RecordError>(
  errors: Pick<ListedErrors<Filter, Entry>, "list" | "countByType">,
  filter: Filter,
  limit: number,
): Promise<{ total: number; byType: Record<string, number>; errors: Entry[] }> {
  const byType = await errors.countByType(filter);
  const total = Object.values(byType).reduce((sum, count) => sum + count, 0);
  return { total, byType, errors: await errors.list(filter, limit) };
}

const pageSize = 1000;

/**
 * All entries, page by page. Those that were yielded may be forgotten meanwhile; those saved meanwhile may be among the
 * later pages.
 */
export async function* eachErrorPage<Filter, Entry extends RecordError>(
  errors: RecordErrors<never, Filter, Entry>,
  filter: Filter,
): AsyncGenerator<readonly Entry[]> {
  for (let after: Entry | undefined; ;) {
    const page = await errors.list(filter, pageSize, after);
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
    after = page.at(-1);
  }
}

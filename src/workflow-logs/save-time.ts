import { AppError } from "../engine/errors.ts";
import { endingWith } from "../stores/elasticsearch/request-limits.ts";

export interface SaveTime {
  /** What one save of a repository may take in Elasticsearch, 10 s where it is not given. */
  readonly saveTimeoutSeconds?: number | undefined;
}

/** Beyond a request of a web server that waits for the save. */
const defaultSeconds = 10;

export function saveMillis({ saveTimeoutSeconds = defaultSeconds }: SaveTime): number {
  return saveTimeoutSeconds * 1000;
}

/** Rejects with `save_timeout` when the time for a save is over; nothing of it is sent any more then. */
export async function inSaveTime<T>(settings: SaveTime, id: string, work: () => Promise<T>): Promise<T> {
  const millis = saveMillis(settings);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(tookTooLong(id, millis)), millis);
  try {
    return await endingWith(over.signal, work);
  } finally {
    clearTimeout(timer);
  }
}

function tookTooLong(id: string, millis: number): AppError {
  return new AppError("save_timeout", `Elasticsearch did not confirm ${id} within ${millis / 1000} s.`, {
    hint:
      "It may be there or not: save it again. While Elasticsearch is away, app elasticsearch rollout rollback has a tenant's logs saved in PostgreSQL. " +
      "ELASTICSEARCH_SAVE_TIMEOUT (seconds) is the limit.",
  });
}

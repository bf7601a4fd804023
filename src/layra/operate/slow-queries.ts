import { setTimeout as sleep } from "node:timers/promises";
import type { Db, Document } from "mongodb";

export interface SlowQueriesOptions {
  /** What took longer is listed. */
  readonly millis: number;
  readonly limit: number;
  /** Profile everything for so long first; 0 lists what is recorded already. */
  readonly recordSeconds: number;
}

export interface SlowQuery {
  readonly millis: number;
  readonly at: string;
  readonly namespace: string;
  readonly operation: string;
  readonly query: unknown;
}

const all = 2;

/**
 * The slowest statements that the profiler has recorded, newest first. When it is to record first, the profiler is set
 * back to what it was, whatever happens: a database that profiles everything for good becomes slow by that.
 */
export async function slowQueries(
  db: Db,
  { millis, limit, recordSeconds }: SlowQueriesOptions,
  signal: AbortSignal,
): Promise<SlowQuery[]> {
  if (recordSeconds > 0) await record(db, recordSeconds, signal);
  const found = await db
    .collection("system.profile")
    .find({ millis: { $gt: millis }, ns: { $ne: `${db.databaseName}.system.profile` } })
    .sort({ ts: -1 })
    .limit(limit)
    .toArray();
  return found.map(shown);
}

async function record(db: Db, seconds: number, signal: AbortSignal): Promise<void> {
  const before = await db.command({ profile: -1 });
  await db.command({ profile: all });
  try {
    await sleep(1000 * seconds, undefined, { signal }).catch(() => {}); // stopped early, what is there is listed
  } finally {
    const { was, slowms, sampleRate } = before;
    await db.command({
      profile: Number(was),
      ...(slowms === undefined ? {} : { slowms }),
      ...(sampleRate === undefined ? {} : { sampleRate }),
    });
  }
}

/** Servers before 3.6 wrote `query`. */
function shown({ millis, ts, ns, op, command, query }: Document): SlowQuery {
  return {
    millis: Number(millis),
    at: ts instanceof Date ? ts.toISOString() : String(ts),
    namespace: String(ns),
    operation: String(op),
    query: command ?? query,
  };
}

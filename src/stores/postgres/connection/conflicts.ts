import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { spreadBackOff } from "../../../engine/back-off.ts";

/**
 * Serialization failure and deadlock: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
 */
const conflicts = new Set(["40001", "40P01"]);

/** Others may hold the rows for a while; who has lost so often is no matter of chance any more. */
const attempts = 10;
const pauses = { first: 20, longest: 2_000 };

/**
 * Does `work` again when it was the one that PostgreSQL ended because of other transactions: it has taken back all of
 * it then. `work` is one statement or one whole transaction, and what it does beside that may happen twice.
 */
export async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!conflicts.has((error as { code?: string }).code ?? "") || failures === attempts) throw error;
    }
    await sleep(spreadBackOff(failures, pauses));
  }
}

type Told = (error: unknown, result?: unknown) => void;

/**
 * From now on a statement of `client` that is a transaction of its own is tried again on a conflict. COPY is not: its
 * bytes have gone by.
 */
export function repeatStatements(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
  const repeated = (...args: unknown[]): unknown => {
    const [statement] = args;
    const isStream = typeof statement === "object" && statement !== null && "submit" in statement;
    if (isStream || (client as pg.Client).getTransactionStatus() !== "I") return query(...args);
    const told = args.at(-1);
    if (typeof told !== "function") return retryOnConflict(() => query(...args));
    // not from inside of the promise, which would swallow what it throws
    retryOnConflict(() => query(...args.slice(0, -1))).then(
      (result) => setImmediate(() => (told as Told)(null, result)),
      (error: unknown) => setImmediate(() => (told as Told)(error)),
    );
    return undefined;
  };
  client.query = repeated as typeof client.query;
}

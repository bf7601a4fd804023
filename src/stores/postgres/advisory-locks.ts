import type { Pool, PoolClient } from "pg";
import { AppError } from "../../engine/errors.ts";
import type { RunLocks } from "../../runs/run-locks.ts";

/**
 * Named locks that end with this process, however it ends: session advisory locks on one connection that is kept for
 * them. `lost` aborts when that connection breaks, for then every lock is gone. Needs a session of its own, so no
 * transaction-pooling proxy in between.
 */
export class AdvisoryLocks implements RunLocks {
  readonly lost: AbortSignal;
  private readonly client: PoolClient;
  private readonly onEnd: () => void;
  private isClosed = false;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(client: PoolClient) {
    const lost = new AbortController();
    this.client = client;
    this.lost = lost.signal;
    this.onEnd = () => lost.abort(connectionLost());
    client.on("error", this.onEnd);
    client.on("end", this.onEnd);
  }

  static async open(pool: Pool): Promise<AdvisoryLocks> {
    return new AdvisoryLocks(await pool.connect());
  }

  /** Whether the lock is ours now; false when another session has it. */
  async tryLock(name: string): Promise<boolean> {
    return this.oneByOne(async () => {
      const result = await this.client.query<{ locked: boolean }>(
        "select pg_try_advisory_lock(hashtextextended($1, 0)) as locked",
        [name],
      );
      return result.rows[0]!.locked;
    });
  }

  async unlock(name: string): Promise<void> {
    await this.oneByOne(() => this.client.query("select pg_advisory_unlock(hashtextextended($1, 0))", [name]));
  }

  /** Partitions side by side lock on the one connection, which takes a statement when the one before has ended. */
  private oneByOne<T>(statement: () => Promise<T>): Promise<T> {
    const done = this.last.then(statement);
    this.last = done.catch(() => {});
    return done;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.client.removeListener("end", this.onEnd);
    this.client.release(true);
  }
}

function connectionLost(): AppError {
  return new AppError(
    "database_connection_lost",
    "PostgreSQL or the network closed the connection that held the locks.",
    {
      hint: "What was confirmed is kept. When PostgreSQL is well again, run the same command again: it goes on where it was.",
    },
  );
}

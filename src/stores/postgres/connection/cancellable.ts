import type { Pool, PoolClient } from "pg";

const queryCanceled = "57014";

/**
 * Runs a long statement that the server is asked to give up when `signal` aborts; rejects with AbortError then. Needs a
 * second connection for the request.
 */
export async function cancellable<T>(
  pool: Pool,
  signal: AbortSignal,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const cancel = (): void => {
    pool.query("select pg_cancel_backend($1)", [rows[0]!.pid]).catch(() => {}); // then the statement ends by itself
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await work(client);
  } catch (error) {
    if (signal.aborted && (error as { code?: string }).code === queryCanceled) {
      throw new DOMException("stopped while a statement was running", "AbortError");
    }
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    client.release();
  }
}

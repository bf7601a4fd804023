import type { PoolClient } from "pg";

/** Does `work` in a transaction with these `set local` statements; without any, as it is. */
export async function withSettings<T>(
  client: PoolClient,
  settings: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (settings === undefined) return work();
  await client.query(`begin; ${settings}`);
  try {
    const done = await work();
    await client.query("commit");
    return done;
  } catch (error) {
    await client.query("rollback").catch(() => {}); // the connection is gone, and its settings with it
    throw error;
  }
}

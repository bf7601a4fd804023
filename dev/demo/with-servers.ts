import { type Servers, startServers } from "../servers/start-servers.ts";

/**
 * Runs `work` with both servers and stops them. `signal` ends their start; once they answer it is `work` that stops at
 * it, in order, while they still answer.
 */
export async function withServers<T>(signal: AbortSignal, work: (servers: Servers) => Promise<T>): Promise<T> {
  const starting = new AbortController();
  const giveUp = (): void => starting.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  const servers = await startServers({ signal: starting.signal });
  signal.removeEventListener("abort", giveUp);
  try {
    return await work(servers);
  } finally {
    await servers.stop();
  }
}

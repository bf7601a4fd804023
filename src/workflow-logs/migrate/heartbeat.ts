import type { StateDatabase } from "../../stores/postgres/state/database.ts";
import { heartbeat } from "../../stores/postgres/state/runs.ts";

const interval = 2000;

/** Stores the report of a run every two seconds until the returned function is called and has resolved. */
export function startHeartbeat(state: StateDatabase, runId: string, report: () => object): () => Promise<void> {
  let last = Promise.resolve();
  const timer = setInterval(() => {
    last = heartbeat(state, runId, report()).catch(() => {}); // a run goes on without it; the next beat tries again
  }, interval);
  return async () => {
    clearInterval(timer);
    await last;
  };
}

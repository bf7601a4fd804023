import { setTimeout as sleep } from "node:timers/promises";
import type { StateDatabase } from "../state/database.ts";
import { compactDirty, newestDirtyVersion } from "../state/dirty/dirty-rows.ts";
import type { Run } from "../../runs/run.ts";

const pauseMillis = 10_000;
/** Fewer new entries are not worth reading the registry. */
const worthwhile = 50_000;

/**
 * Until the function returned is called: compacts the registry of dirty rows whenever it may have doubled, so that it
 * stays proportional to the rows that are dirty however often they are written while nobody applies them.
 */
export function keepCompact(state: StateDatabase, { pacing }: Pick<Run, "pacing">): () => Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  let upTo = 0;
  let left = 0;
  const look = async (): Promise<void> => {
    await pacing.unpaused(signal);
    const newest = Number(await newestDirtyVersion(state));
    if (newest - upTo < Math.max(worthwhile, left)) return;
    left = (await compactDirty(state, undefined, () => pacing.unpaused(signal))).left;
    upTo = newest;
  };
  const ended = (async () => {
    while (!signal.aborted) {
      await look().catch(() => {}); // the next look tries again
      await sleep(pauseMillis, undefined, { signal }).catch(() => {});
    }
  })();
  return () => {
    stop.abort();
    return ended;
  };
}

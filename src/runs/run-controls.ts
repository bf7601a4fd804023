import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { describeLimits, pacingLimits, type RunPacing } from "./run-limits.ts";
import type { RunRequest, RunStore } from "./run-store.ts";
import type { Waits } from "./waits.ts";

export interface ControlledRun {
  readonly id: string;
  readonly pacing: RunPacing;
  readonly waits: Waits;
  /** The report as it stands now. */
  readonly report: () => object;
  readonly note: (text: string) => void;
  readonly abort: () => void;
  /** Told when the run begins to wait, or waits for something else. */
  readonly onWaiting: (why: string) => void;
}

/** A request is obeyed within two seconds: this, and what a statement under way takes. */
const pollMillis = 500;
const heartbeatMillis = 2000;

/**
 * Until the function returned is called: obeys what is asked of the run from another terminal, and stores its report,
 * why it waits, and that it lives. While the home does not answer, the run goes on as it was told last.
 */
export function startControls(
  runs: Pick<RunStore, "readRequest" | "heartbeat">,
  run: ControlledRun,
): () => Promise<void> {
  const stop = new AbortController();
  const stored: { waiting?: string | undefined; at: number } = { at: performance.now() };
  const look = async (): Promise<void> => {
    obey(run, await runs.readRequest(run.id));
    const waiting = run.waits.current;
    if (waiting === stored.waiting && performance.now() - stored.at < heartbeatMillis) return;
    if (waiting !== undefined && waiting !== stored.waiting) run.onWaiting(waiting);
    await runs.heartbeat(run.id, { report: run.report(), waiting });
    Object.assign(stored, { waiting, at: performance.now() });
  };
  const ended = (async () => {
    while (!stop.signal.aborted) {
      await look().catch(() => {}); // the next look tries again
      await sleep(pollMillis, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return () => {
    stop.abort();
    return ended;
  };
}

function obey({ id, pacing, note, abort }: ControlledRun, { state, limits }: RunRequest): void {
  if (state === "aborted") return abort();
  const next = pacingLimits(limits);
  if (!isDeepStrictEqual(next, pacing.limits)) {
    pacing.limits = next;
    note(`Limits changed from another terminal: ${describeLimits(limits)}`);
  }
  if (state === "paused" && !pacing.isPaused) {
    pacing.pause();
    note(`Paused from another terminal; it goes on with: app runs resume ${id}`);
  }
  if (state === "running" && pacing.isPaused) {
    pacing.resume();
    note("Resumed from another terminal");
  }
}

import type { RunWatch } from "../../runs/run.ts";

/** A change of a rollout is no run, and has no bar. */
export interface RolloutWatch extends Pick<RunWatch, "signal"> {
  readonly progress: Pick<RunWatch["progress"], "note">;
}

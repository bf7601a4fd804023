import type { Pacing } from "../engine/pacing.ts";

/** What a run may wait for beside a pause and its rates; of several the first is named. */
const causes = ["disk_full", "no_answer", "pressure", "replication_lag", "lock", "workers"] as const;

export type WaitCause = (typeof causes)[number];

interface Wait {
  readonly cause: WaitCause;
  readonly text: string;
  /** When it stops to count; undefined while it lasts. */
  overAt?: number;
}

/** Between two waits for the same cause lies an attempt, which is no end of waiting. */
const lingerMillis = 2000;

/** Why a run does not go on right now. */
export class Waits {
  private readonly pacing: Pacing;
  private readonly note: (text: string) => void;
  private waits: Wait[] = [];

  /** `note` is told of each wait that is new. */
  constructor(pacing: Pacing, note: (text: string) => void) {
    this.pacing = pacing;
    this.note = note;
  }

  /** The run waits until the function returned is called. */
  begin(cause: WaitCause, text: string): () => void {
    this.forgetOver();
    if (!this.waits.some((wait) => wait.text === text)) this.note(text);
    const wait: Wait = { cause, text };
    this.waits.push(wait);
    return () => (wait.overAt = performance.now() + lingerMillis);
  }

  /** The most telling reason; undefined when the run goes on as fast as it can. */
  get current(): string | undefined {
    if (this.pacing.isPaused) return "paused";
    this.forgetOver();
    for (const cause of causes) {
      const wait = this.waits.find((one) => one.cause === cause);
      if (wait !== undefined) return wait.text;
    }
    return this.pacing.isThrottled ? "throttled by rate (--max-rps, --max-bytes-rate)" : undefined;
  }

  private forgetOver(): void {
    const now = performance.now();
    this.waits = this.waits.filter(({ overAt }) => overAt === undefined || now < overAt);
  }
}

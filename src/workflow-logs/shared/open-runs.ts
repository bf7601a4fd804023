import { type OpenRun, openRun, type Worker } from "./open-run.ts";
import type { PartJob } from "./part-queue.ts";

/** The runs that a worker takes part in, each opened once for all of its jobs. */
export class OpenRuns {
  private readonly worker: Worker;
  private readonly runs = new Map<string, Promise<OpenRun | "over">>();
  private readonly inUse = new Map<string, number>();
  private readonly closing = new Set<string>();

  constructor(worker: Worker) {
    this.worker = worker;
  }

  /** Does `work` with the run open; "over" when it wants no worker any more. */
  async use<T>({ runId, epoch }: PartJob, work: (run: OpenRun) => Promise<T>): Promise<T | "over"> {
    const key = `${runId} ${epoch}`;
    this.inUse.set(key, (this.inUse.get(key) ?? 0) + 1);
    try {
      const run = await this.open(key, { runId, epoch });
      return run === "over" || run.over.aborted ? "over" : await work(run);
    } finally {
      this.inUse.set(key, this.inUse.get(key)! - 1);
      if (this.closing.has(key)) await this.closeIdle(key);
    }
  }

  async close(): Promise<void> {
    for (const key of this.runs.keys()) {
      this.inUse.set(key, 0);
      await this.closeIdle(key);
    }
  }

  private open(key: string, which: Pick<PartJob, "runId" | "epoch">): Promise<OpenRun | "over"> {
    const known = this.runs.get(key);
    if (known !== undefined) return known;
    const opened = openRun(this.worker, which, () => {
      this.closing.add(key);
      this.closeIdle(key).catch(() => {}); // it was closed as far as it could be
    });
    this.runs.set(key, opened);
    opened.catch(() => this.runs.delete(key)); // the next job tries again
    return opened;
  }

  private async closeIdle(key: string): Promise<void> {
    const run = this.runs.get(key);
    if (run === undefined || (this.inUse.get(key) ?? 0) > 0) return;
    this.runs.delete(key);
    this.inUse.delete(key);
    this.closing.delete(key);
    const open = await run.catch(() => "over" as const);
    if (open !== "over") await open.close();
  }
}

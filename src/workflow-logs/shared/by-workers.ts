import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../engine/errors.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import type { Run } from "../../runs/run.ts";
import { withBoss } from "../../stores/postgres/jobs/open-boss.ts";
import { dropJobs, giveBackJobs, type NewJob, sendJobs } from "../../stores/postgres/jobs/send-jobs.ts";
import { type ChangedPart, SharedRuns } from "../../stores/postgres/shared-runs.ts";
import type { Connections } from "../connections.ts";
import { type Partition, partitionKey, partitionOfKey } from "../partitions/log-types.ts";
import { type PartJob, partQueue } from "./part-queue.ts";
import { targetOf } from "./target.ts";

export interface PartWork<Counts> {
  readonly parts: readonly {
    readonly partition: Partition;
    /** What the worker needs to know of it. */
    readonly plan: object;
    readonly label: string;
    readonly rows: number;
  }[];
  /** What was counted of a partition before this process began. */
  earlier(partition: Partition, counts: Counts): void;
  counted(partition: Partition, now: Counts, before: Counts | null): void;
  advance(counts: Counts): { readonly rows: number; readonly bytes: number };
  done(partition: Partition, counts: Counts): void;
}

interface Command {
  readonly connections: Connections;
  readonly run: Run;
  readonly progress: ProgressSink;
}

const pollMillis = 500;
/** How often all parts are looked at, not only those that have just changed. */
const looksBetweenWhole = 20;
/** A change may be seen later than one that came after it: by as much as a transaction lasts. */
const seenLateMillis = 30_000;
const quietNoteMillis = 10_000;
/** So long a run waits for a worker. */
const quietLimitMillis = 15 * 60_000;
const stopMillis = 120_000;

/**
 * Has the parts of the run done by workers, the first ones first, and returns when all are done, or when the run is
 * stopped and no worker is at work on it any more. Throws AppError when a part cannot be done, or no worker comes.
 */
export function byWorkers<Counts>(command: Command, work: PartWork<Counts>): Promise<TransferEnd> {
  return withBoss(command.connections.postgres, async (boss) => {
    const { connections, run } = command;
    const shared = new SharedRuns(connections.state);
    const epoch = randomUUID();
    const tally = new Tally(command, work);
    tally.earlier(await shared.changed(run.id, undefined));
    const jobs = work.parts.map(({ partition, plan }) => ({ key: partitionKey(partition), jobId: randomUUID(), plan }));
    await shared.begin(run.id, epoch, await targetOf(connections), jobs);
    const jobOf = (partition: Partition, id: string): NewJob => {
      const data: PartJob = { runId: run.id, epoch, partition };
      return { id, data };
    };
    await sendJobs(
      boss,
      partQueue,
      work.parts.map(({ partition }, at) => jobOf(partition, jobs[at]!.jobId)),
    );
    const sendAgain = async (keys: readonly string[]): Promise<void> => {
      const again = work.parts.filter(({ partition }) => keys.includes(partitionKey(partition)));
      for (const { partition } of again) {
        const id = randomUUID();
        await shared.setJob(run.id, partitionKey(partition), id);
        await sendJobs(boss, partQueue, [jobOf(partition, id)]);
      }
    };
    /** What workers confirm while they stop is counted, too. */
    const stop = async (): Promise<AppError | undefined> => {
      await stopWorkers(shared, run.id, (ids) => dropJobs(boss, partQueue, ids));
      return tally.take(await shared.changed(run.id, undefined));
    };
    const giveBack = (ids: readonly string[]): Promise<void> => giveBackJobs(boss, partQueue, ids);
    const end = await follow(command, shared, tally, { giveBack, sendAgain }).catch(async (error: unknown) => {
      await stop().catch(() => {}); // the first error matters
      throw error;
    });
    const failed = end === "interrupted" ? await stop() : undefined;
    if (failed !== undefined) throw failed; // a stop must not hide what failed
    return end;
  });
}

/** Afterwards no worker is at work on the run, as far as the server knows. */
export async function stopWorkers(
  shared: SharedRuns,
  runId: string,
  drop: (jobIds: readonly string[]) => Promise<void> = async () => {},
): Promise<void> {
  await shared.stop(runId);
  const giveUp = performance.now() + stopMillis;
  while ((await shared.atWork(runId)) > 0 && performance.now() < giveUp) await sleep(pollMillis / 2);
  await drop(await shared.waitingJobs(runId));
}

interface Jobs {
  giveBack(ids: readonly string[]): Promise<void>;
  sendAgain(keys: readonly string[]): Promise<void>;
}

async function follow<Counts>(
  { run, progress }: Command,
  shared: SharedRuns,
  tally: Tally<Counts>,
  jobs: Jobs,
): Promise<TransferEnd> {
  const refused = new Set<string>();
  const lastSeen = new Map<string, string>(); // attempts that seemed dead at the last look
  let quietSince = performance.now();
  let noWorker: (() => void) | undefined;
  try {
    for (let look = 0; !tally.isDone; look++) {
      if (run.signal.aborted) return "interrupted";
      const isWhole = look % looksBetweenWhole === 0;
      const failed = tally.take(await shared.changed(run.id, isWhole ? undefined : tally.since));
      if (failed !== undefined) throw failed;
      if (tally.isDone) break;

      const dead = await shared.abandoned(run.id);
      const surely = dead.filter(({ jobId, attempt }) => lastSeen.get(jobId) === attempt);
      lastSeen.clear();
      for (const { jobId, attempt } of dead) lastSeen.set(jobId, attempt);
      for (const { jobId } of surely) lastSeen.delete(jobId);
      if (surely.length > 0) {
        for (const { attempt } of surely) await shared.abandon(run.id, attempt);
        await jobs.giveBack(surely.map(({ jobId }) => jobId));
        progress.note(`${surely.length} partitions of workers that are gone are given to others`);
      }
      if (isWhole) await jobs.sendAgain(await shared.withoutJob(run.id, partQueue));

      const workers = await shared.workers(run.id);
      for (const { worker, refusal } of workers) {
        if (refusal === null || refused.has(`${worker} ${refusal}`)) continue;
        refused.add(`${worker} ${refusal}`);
        progress.note(`Worker ${worker} takes no part: ${refusal}`);
      }
      if (workers.some(({ working }) => working > 0) || run.pacing.isPaused) {
        quietSince = performance.now();
        noWorker?.();
        noWorker = undefined;
      }
      const quiet = performance.now() - quietSince;
      if (quiet > quietLimitMillis) throw noWorkers();
      if (quiet > quietNoteMillis)
        noWorker ??= run.waits.begin("workers", "no worker takes a partition: start one with app worker");
      await sleep(pollMillis, undefined, { signal: run.signal }).catch(() => {});
    }
    return "completed";
  } finally {
    noWorker?.();
  }
}

/** What of the parts is known, told on as it changes. */
class Tally<Counts> {
  private readonly known = new Map<string, { state: ChangedPart["state"]; counts: Counts | null }>();
  private readonly parts: Map<string, PartWork<Counts>["parts"][number]>;
  private readonly work: PartWork<Counts>;
  private readonly progress: ProgressSink;
  private left: number;
  private newest: string | undefined;

  constructor({ progress }: Command, work: PartWork<Counts>) {
    this.work = work;
    this.progress = progress;
    this.parts = new Map(work.parts.map((part) => [partitionKey(part.partition), part]));
    this.left = this.parts.size;
  }

  get isDone(): boolean {
    return this.left === 0;
  }

  /** From where on a change may not have been seen yet. */
  get since(): string | undefined {
    return this.newest && new Date(Date.parse(this.newest) - seenLateMillis).toISOString();
  }

  earlier(parts: readonly ChangedPart[]): void {
    for (const { key, counts } of parts) {
      if (counts === null) continue;
      this.work.earlier(partitionOfKey(key), counts as Counts);
      this.known.set(key, { state: "waiting", counts: counts as Counts });
    }
  }

  /** Returns why the run has failed, when it has. */
  take(parts: readonly ChangedPart[]): AppError | undefined {
    for (const { key, state, counts, error, updatedAt } of parts) {
      if (this.newest === undefined || updatedAt > this.newest) this.newest = updatedAt;
      const part = this.parts.get(key);
      if (part === undefined) continue; // of an earlier life of the run
      const before = this.known.get(key) ?? { state: "waiting", counts: null };
      if (before.state === "done") continue;
      const now = counts as Counts | null;
      this.known.set(key, { state, counts: now });
      if (before.state === "waiting" && state !== "waiting")
        this.progress.partitionStarted(key, part.label, part.rows, 0);
      if (now !== null) {
        this.work.counted(part.partition, now, before.counts);
        const [moved, earlier] = [this.work.advance(now), before.counts && this.work.advance(before.counts)];
        this.progress.advanced(key, moved.rows - (earlier?.rows ?? 0), moved.bytes - (earlier?.bytes ?? 0));
      }
      if (state !== "working" && before.state !== state) this.progress.partitionFinished(key);
      if (state === "failed" && error !== null)
        return new AppError(error.code, error.message, error.hint === null ? {} : { hint: error.hint });
      if (state !== "done") continue;
      this.left--;
      this.work.done(part.partition, now!);
    }
    return undefined;
  }
}

function noWorkers(): AppError {
  return new AppError("no_worker", "No worker has taken a partition of this run for 15 minutes.", {
    hint: "Start app worker with the configuration of this command, then run the same command again: it goes on where it was.",
  });
}

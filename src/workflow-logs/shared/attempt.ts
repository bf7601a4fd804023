import { AppError } from "../../engine/errors.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import type { Run } from "../../runs/run.ts";
import type { RunPacing } from "../../runs/run-limits.ts";
import type { Waits } from "../../runs/waits.ts";
import { saveCounts } from "../../stores/postgres/shared-runs.ts";
import type { Connections } from "../connections.ts";
import { type Partition, partitionKey } from "../partitions/log-types.ts";
import type { StateDatabase } from "../state/database.ts";

/** A run as a worker takes part in it. */
export interface SharedRun {
  readonly id: string;
  readonly connections: Connections;
  /** As the command was given. */
  readonly options: Record<string, unknown>;
  readonly startedAt: string;
  readonly pacing: RunPacing;
  readonly waits: Waits;
  readonly progress: ProgressSink;
}

/** What a worker does for the runs of one command. */
export interface PartKind {
  /** Prepares what all partitions of the run share, and returns what does one. */
  open(shared: SharedRun): Promise<DoPart>;
}

/** Does what the plan of the part says. Whoever calls holds the partition's lock. */
export type DoPart = (attempt: Attempt) => Promise<TransferEnd>;

/** One worker's try at one partition of a run. */
export class Attempt {
  readonly run: Run;
  readonly partition: Partition;
  /** As the command planned it. */
  readonly plan: object;
  /** What earlier attempts have counted. */
  readonly counts: object | null;
  readonly id: string;
  private readonly state: StateDatabase;

  constructor(
    run: Run,
    partition: Partition,
    taken: { readonly id: string; readonly plan: object; readonly counts: object | null },
    state: StateDatabase,
  ) {
    this.run = run;
    this.partition = partition;
    this.id = taken.id;
    this.plan = taken.plan;
    this.counts = taken.counts;
    this.state = state;
  }

  /** Tells its requests to Elasticsearch from those of others. */
  get opaqueId(): string {
    return opaqueIdOf(this.run.id, this.id);
  }

  /**
   * Call in the transaction that confirms a batch, with all that was counted of the part so far. Throws AppError, which
   * undoes the transaction, when another worker has the part now.
   */
  async save(transaction: StateDatabase, counts: object): Promise<void> {
    await this.write(transaction, counts);
  }

  /** The part is done, and nobody takes it again. */
  async finish(counts: object): Promise<void> {
    await this.write(this.state, counts, "done");
  }

  private async write(db: StateDatabase, counts: object, end?: "done"): Promise<void> {
    const key = partitionKey(this.partition);
    if (await saveCounts(db, { runId: this.run.id, key, attempt: this.id }, counts, end)) return;
    throw new AppError("partition_taken_over", `Another worker has taken over ${key}.`, {
      hint: "Nothing is to be done: it goes on from the checkpoint.",
    });
  }
}

export function opaqueIdOf(runId: string, attempt: string): string {
  return `${runId}/${attempt}`;
}

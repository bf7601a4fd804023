import type { PartitionRecord } from "../state/partitions/partitions.ts";
import type { Connections } from "../connections.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import type { OnlyCopy } from "./only-copy.ts";
import type { RetentionOptions } from "./options.ts";
import type { RetentionCounters } from "./report.ts";

/**
 * Where a test may strike: when a tenant's indices are judged, their snapshot is whole, and before and after an index
 * is deleted.
 */
export type SweepStep = "judged" | "snapshotted" | "decided" | "deleted" | "journaled";

export interface RetentionWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
  /** For tests: called between the steps of the sweep; what it throws ends the run there. */
  readonly atStep?: (step: SweepStep, index?: string) => void | Promise<void>;
}

/** What all tenants of one sweep share. */
export interface Sweep {
  readonly connections: Connections;
  readonly options: RetentionOptions;
  readonly days: number;
  readonly now: Date;
  readonly counters: RetentionCounters;
  readonly watch: RetentionWatch;
  readonly known: readonly PartitionRecord[];
  readonly onlyCopy: OnlyCopy;
}

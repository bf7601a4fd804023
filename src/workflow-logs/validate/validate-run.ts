import type { Run } from "../../runs/run.ts";
import { comparisonRenderer } from "../compare/comparison-renderer.ts";
import type { Connections } from "../connections.ts";
import type { Partition } from "../partitions/log-types.ts";
import { type CopyRun, copyRun, partitionCopy } from "../copying/copy-run.ts";
import { migrateDefaults, type MigrateOptions } from "../copying/options.ts";
import { MigrateCounters } from "../copying/report.ts";
import { noProgress, type ProgressSink } from "../../runs/progress.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import type { ValidateOptions } from "./options.ts";
import type { ValidateCounters } from "./report.ts";
import type { RowCheck } from "./row-check.ts";

/** What all partitions of a validation share. */
export interface ValidateRun {
  readonly connections: Connections;
  readonly options: ValidateOptions;
  readonly run: Run;
  readonly counters: ValidateCounters;
  readonly progress: ProgressSink;
  /** Reads the rows, and copies those that are repaired. */
  readonly copy: CopyRun;
  /** The gap counter before the first row was listed. */
  readonly gaps: string;
  readonly alsoCommit?: RowCheck["alsoCommit"];
}

export function validateRun(
  connections: Connections,
  options: ValidateOptions,
  run: Run,
  counters: ValidateCounters,
  progress: ProgressSink,
  gaps: string,
): ValidateRun {
  const copies = new MigrateCounters(options.scope.dataTypes, { dryRun: false });
  const quiet = { ...noProgress, note: (text: string) => progress.note(text) };
  const copy = copyRun(connections, migrateOptionsOf(options), run, copies, quiet);
  return { connections, options, run, counters, progress, copy, gaps };
}

export function migrateOptionsOf({ scope, batchRows, batchBytes, concurrency }: ValidateOptions): MigrateOptions {
  return { ...migrateDefaults, scope, batchRows, batchBytes, concurrency };
}

/** How rows and documents of one partition are compared in this run. */
export function partitionCheck(
  { connections, copy, alsoCommit }: ValidateRun,
  source: SourceTable,
  partition: Partition,
  facts: Pick<RowCheck, "hasIndex" | "snapshot">,
): RowCheck {
  const rows = partitionCopy(copy, source, partition);
  return {
    ...rows,
    ...facts,
    alsoCommit,
    targetOf: (other) => partitionCopy(copy, source, other).target,
    read: { ...rows.read, renderer: comparisonRenderer(source, connections.settings), countContents: true },
    postgres: connections.postgres,
    elasticsearch: connections.elasticsearch,
    timeZone: zoneOf(source, connections.settings.sourceTimeZone),
  };
}

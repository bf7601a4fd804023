import type { Run } from "../../runs/run.ts";
import type { Partition } from "../partitions/log-types.ts";
import type { CopyRun } from "../copying/copy-run.ts";
import { noProgress, type ProgressSink } from "../../runs/progress.ts";
import type { ElasticsearchLogs } from "../rows/elasticsearch-logs.ts";
import type { Scope } from "../partitions/scope.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { ArchivedTenants } from "./tenants-without-archive.ts";
import { DirtyCounters } from "./dirty-counters.ts";

/** What applying dirty rows takes, over all of its passes. */
export interface DirtyRun {
  readonly run: Run;
  /** Copies the rows, with counters of its own. */
  readonly copy: CopyRun;
  readonly sources: readonly SourceTable[];
  readonly scope: Scope;
  readonly followDeletes: boolean;
  readonly tenants: ArchivedTenants;
  readonly counters: DirtyCounters;
  readonly progress: ProgressSink;
  /** Partitions written to since the last refresh, by their index. */
  readonly written: Map<string, ElasticsearchLogs>;
}

export function dirtyRun(
  copy: CopyRun,
  sources: readonly SourceTable[],
  followDeletes: boolean,
  counters = new DirtyCounters(copy.options.scope.dataTypes),
): DirtyRun {
  const { connections, options, run, progress } = copy;
  const quiet = { ...noProgress, note: (text: string) => progress.note(text) };
  return {
    run,
    copy: { ...copy, counters: counters.copies, progress: quiet },
    sources,
    scope: options.scope,
    followDeletes,
    tenants: new ArchivedTenants(connections.state, run.id, options.scope.tenantIds),
    counters,
    progress,
    written: new Map(),
  };
}

/** Makes what was written visible to searches. */
export async function refreshWritten({ written }: DirtyRun): Promise<void> {
  for (const target of written.values()) await target.refresh();
  written.clear();
}

export function partitionOf(source: SourceTable, { tenantId, month }: Omit<Partition, "dataType">): Partition {
  return { dataType: source.logType.dataType, tenantId, month };
}

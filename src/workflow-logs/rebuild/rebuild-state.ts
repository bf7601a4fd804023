import { AppError, UsageError } from "../../engine/errors.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { inRun } from "../../runs/run.ts";
import { type MarkedIndex, markedIndices } from "../../stores/elasticsearch/indices/index-marks.ts";
import { placesIn } from "../../stores/elasticsearch/indices/shared-parts.ts";
import { takeover } from "../archive/takeover.ts";
import type { Connections } from "../connections.ts";
import { dataTypeOf, dataTypes, type Partition, resources } from "../partitions/log-types.ts";
import { whenFree } from "../partitions/partition-lock.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import { archiveHome } from "../run-home.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import { noteSetBack } from "../state/takeovers.ts";
import { upgradeState } from "../state/upgrade.ts";
import { type RebuiltPartition, rebuildPartition } from "./rebuild-partition.ts";

// Makes the state schema anew from the indices when it was lost. It never writes or deletes a document, and claims to
// know nothing that the indices do not say.

export interface RebuildOptions {
  /** Whose indices, where those of several archives lie under the prefix. */
  readonly archiveId?: string | undefined;
  /**
   * The rows are what the platform wrote last: the schema alone was lost. Else PostgreSQL may be older than the
   * archive, and its rows replace no documents until they are written again.
   */
  readonly postgresIsCurrent: boolean;
  readonly operator: string;
}

export interface RebuildPlan {
  readonly archiveId: string;
  readonly indices: readonly MarkedIndex[];
}

export interface RebuildReport {
  readonly command: "db rebuild";
  status: "completed" | "completed_with_errors" | "interrupted";
  runId: string | null;
  readonly archiveBefore: string;
  archiveAfter: string | null;
  readonly partitions: RebuiltPartition[];
  /** Indices that could not be read, with the reason. */
  readonly left: { readonly index: string; readonly reason: string }[];
  /** What was in the state and is in no index. */
  readonly cannotKnow: readonly string[];
}

/**
 * Which indices the state would be made from. Throws UsageError while there is a state, and when it is not clear whose
 * indices are meant.
 */
export async function planRebuild(connections: Connections, { archiveId }: RebuildOptions): Promise<RebuildPlan> {
  await upgradeState(connections.state);
  const known = await listPartitions(connections.state);
  if (known.length > 0) {
    throw new UsageError("state_present", `The schema log_archive knows ${known.length} months, so it was not lost.`, {
      hint: "app elasticsearch validate --full says what it has wrong. Nothing was changed.",
    });
  }
  const marked = await markedIndices(connections.elasticsearch, connections.settings.template.prefix, resources);
  const owners = new Set(marked.map(({ mark }) => mark.archive ?? "none"));
  const chosen = archiveId ?? (owners.size === 1 ? [...owners][0]! : undefined);
  if (chosen !== undefined && owners.has(chosen)) {
    return { archiveId: chosen, indices: marked.filter(({ mark }) => (mark.archive ?? "none") === chosen) };
  }
  if (owners.size === 0) {
    throw new UsageError(
      "nothing_to_rebuild",
      `No index of this program lies under the prefix ${connections.settings.template.prefix}.`,
      {
        hint: "Check ELASTICSEARCH_HOSTS and ELASTICSEARCH_INDEX_PREFIX, or restore the indices from a snapshot first. Nothing was changed.",
      },
    );
  }
  throw new UsageError(
    "whose_archive",
    `Under the prefix lie indices of ${owners.size} archives: ${[...owners].join(", ")}.`,
    {
      hint: "Name one with --archive. Nothing was changed.",
    },
  );
}

/**
 * Afterwards this database owns the indices, and its state has every month of them: documents without a row count as
 * purged, with the fingerprints that they have now. Can be repeated when it was interrupted before the first month was
 * written down.
 */
export async function rebuildState(
  connections: Connections,
  plan: RebuildPlan,
  { postgresIsCurrent, operator }: RebuildOptions,
  watch: { readonly signal: AbortSignal; readonly progress: ProgressSink },
): Promise<RebuildReport> {
  const report: RebuildReport = {
    command: "db rebuild",
    status: "completed",
    runId: null,
    archiveBefore: plan.archiveId,
    archiveAfter: null,
    partitions: [],
    left: [],
    cannotKnow,
  };
  const scope = { dataTypes, tenantIds: [] };
  const sources = await inspectSources(connections.postgres, scope, connections.settings.searchText);
  const indices = plan.indices.map(({ name }) => name);
  report.archiveAfter = (await takeover(connections, { indices, dryRun: false, operator })).archiveAfter;
  if (!postgresIsCurrent) await noteSetBack(connections.state);
  connections.archive.forget();
  const options = { archiveId: plan.archiveId, postgresIsCurrent };
  const description = {
    command: report.command,
    options,
    limits: { batchRows: 1000, concurrency: 1 },
    report: () => report,
  };
  try {
    report.status = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      report.runId = run.id;
      for (const index of plan.indices) {
        const source = sources.find(({ logType }) => logType.dataType === dataTypeOf(index.resource))!;
        try {
          for (const place of await placesIn(connections.elasticsearch, connections.archive, index)) {
            const { tenantId, month } = place;
            const partition: Partition = { dataType: dataTypeOf(index.resource), tenantId, month };
            report.partitions.push(
              await whenFree(run, partition, () =>
                rebuildPartition(connections, run, source, partition, place, watch.progress),
              ),
            );
          }
        } catch (error) {
          if (!(error instanceof AppError) || run.signal.aborted) throw error;
          report.left.push({ index: index.name, reason: error.message });
        }
      }
      const strangers = report.partitions.some((one) => one.strangers > 0);
      return report.left.length > 0 || strangers ? ("completed_with_errors" as const) : ("completed" as const);
    });
  } finally {
    watch.progress.stop();
  }
  return report;
}

const cannotKnow = [
  "Which documents without a row were purged, and which the platform had deleted: all of them count as purged. Their fingerprints are of now and prove nothing about before; compare with evidence, where there is some.",
  "Rows that were purged and have no document any more, and months whose index is gone: nothing speaks of them.",
  "Where the logs of each tenant were written and read: all are in PostgreSQL now. app elasticsearch rollout set, before anybody misses logs that were purged.",
  "Retention rules, holds and schedules, and which months retention had dropped: set them again before the next sweep.",
  "Which months were written into Elasticsearch alone.",
  "Writes that capture had recorded and nobody applied, and its triggers: app elasticsearch capture install, then migrate and validate --full.",
  "Rows that Elasticsearch had refused, earlier runs with their reports, takeovers, and files that were deleted after a purge.",
] as const;

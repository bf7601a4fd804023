import { inRun, type Run } from "../../runs/run.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { refuseShared } from "../archive/refuse-shared.ts";
import { archiveHome } from "../run-home.ts";
import type { Connections } from "../connections.ts";
import { dataTypeOf, logTypes, partitionKey } from "../partitions/log-types.ts";
import { withPartition } from "../partitions/partition-lock.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import { appliedMigrations, upgradeState } from "../state/upgrade.ts";
import { type Candidate, stayByContents, stayByName } from "./judge-month.ts";
import type { SealOptions } from "./options.ts";
import { SealCounters, type SealReport } from "./report.ts";
import { describe, sealMonth, type SealMonthWatch } from "./seal-month.ts";

// src/workflow-logs/seal makes old, proven months small and cheap: no more writes, one segment for each shard, fewer
// replicas, another tier. It changes no document. Any write through the program lifts the seal
// (stores/elasticsearch/indices/seal.ts).

export interface SealWatch extends SealMonthWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/**
 * Seals every month of the scope that has ended long enough ago and whose proof holds, and returns what it saved and
 * why the rest stays. A dry run changes nothing at all. Throws AppError with the state it left.
 *
 * @example
 * ```ts
 * import { dataTypes, noProgress, openArchive, parseConfig, seal } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const options = { tenantIds: [], dataTypes, olderThanDays: 30, dryRun: true };
 * const { months } = await seal(archive.connections, options, { signal: new AbortController().signal, progress: noProgress });
 * console.log(months.map(({ name, action, reason }) => `${name} ${action} ${reason ?? ""}`));
 * await archive.close();
 * ```
 */
export async function seal(connections: Connections, options: SealOptions, watch: SealWatch): Promise<SealReport> {
  const { postgres, state } = connections;
  refuseShared(
    connections.settings.template,
    "Months of one tenant are sealed, not indices that tenants share.",
    otherWay,
  );
  await inspectSources(postgres, options); // refuses tenant ids that cannot be
  const now = new Date();
  const counters = new SealCounters(options);
  try {
    if (options.dryRun) {
      await connections.archive.check();
      await pretend(connections, options, now, counters, watch);
      return counters.snapshot("dry_run");
    }
    await upgradeState(state);
    const description = { command: "elasticsearch seal", options, limits: {}, report: () => counters.stored() };
    const end = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      counters.runId = run.id;
      await sealAll(connections, options, now, run, counters, watch);
      if (run.signal.aborted) return "interrupted";
      return counters.hasFindings ? "completed_with_errors" : "completed";
    });
    return counters.snapshot(end === "completed_with_errors" ? "completed_with_findings" : end);
  } finally {
    watch.progress.stop();
  }
}

const otherWay = "Merge and block whole months by Elasticsearch's own means, when no more is written into them.";

async function sealAll(
  connections: Connections,
  options: SealOptions,
  now: Date,
  run: Run,
  counters: SealCounters,
  { progress, atStep }: SealWatch,
): Promise<void> {
  const candidates = await sortOut(connections, options, now, counters);
  progress.plan(
    candidates.reduce((sum, { index }) => sum + (index.documents ?? 0), 0),
    candidates.length,
  );
  for (const candidate of candidates) {
    if (run.signal.aborted) return;
    const { documents = 0, bytes } = candidate.index;
    const key = partitionKey(candidate);
    progress.partitionStarted(key, `${candidate.tenantId} ${candidate.dataType} ${candidate.month}`, documents, 0);
    const outcome = await withPartition(run, candidate, () =>
      sealMonth(connections, options, run, candidate, { atStep }),
    );
    counters.add(outcome === "busy" ? { ...describe(candidate), action: "kept", reason: "busy" } : outcome);
    progress.advanced(key, documents, bytes);
    progress.partitionFinished(key);
  }
}

/** Looks at every month as a run would, without locks. */
async function pretend(
  connections: Connections,
  options: SealOptions,
  now: Date,
  counters: SealCounters,
  { signal }: SealWatch,
): Promise<void> {
  const hasState = (await appliedMigrations(connections.state)).length > 0;
  for (const candidate of await sortOut(connections, options, now, counters)) {
    signal.throwIfAborted();
    const reason = hasState ? await stayByContents(connections, candidate, options) : "not_proven";
    counters.add({
      ...describe(candidate),
      action: reason === undefined ? "would_seal" : "kept",
      reason: reason ?? null,
    });
  }
}

/** The months whose state and index decide; the others are put down as kept. */
async function sortOut(
  { elasticsearch, archive, settings }: Connections,
  options: SealOptions,
  now: Date,
  counters: SealCounters,
): Promise<Candidate[]> {
  const { tenantIds } = options;
  const resources = options.dataTypes.map((type) => logTypes[type].resource);
  const sole = tenantIds.length === 1 ? tenantIds[0] : undefined;
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources, sole);
  return indices.flatMap((index) => {
    const { tenantId, month } = index;
    if (tenantIds.length > 0 && !tenantIds.includes(tenantId)) return [];
    const candidate = { dataType: dataTypeOf(index.resource), tenantId, month, index };
    const reason = stayByName(candidate, options, now);
    if (reason === undefined) return [candidate];
    counters.add({ ...describe(candidate), action: "kept", reason });
    return [];
  });
}

import { AppError } from "../../engine/errors.ts";
import { missingPrivileges } from "../../stores/elasticsearch/privileges.ts";
import { requireRepository } from "../../stores/elasticsearch/snapshots.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import { openDeletions } from "../state/retention/deletions.ts";
import { listRules } from "../state/retention/rules.ts";
import { recordSweep } from "../state/retention/sweeps.ts";
import { appliedMigrations, pendingMigrations, upgradeState } from "../state/upgrade.ts";
import { type Run, inRun } from "../../runs/run.ts";
import { refuseShared } from "../archive/refuse-shared.ts";
import { archiveHome } from "../run-home.ts";
import { resources } from "../partitions/log-types.ts";
import type { Connections } from "../connections.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import { agreedTime, requireLaterThanLastSweep } from "./clocks.ts";
import { cutoffOf } from "./age-rule.ts";
import { inspectCandidate } from "./inspect-candidate.ts";
import { onlyCopies } from "./only-copy.ts";
import { requireSensibleDays, type RetentionOptions } from "./options.ts";
import { RetentionCounters, type RetentionReport } from "./report.ts";
import { settleDeletions } from "./settle-deletions.ts";
import { type Candidate, listCandidates } from "./list-candidates.ts";
import type { RetentionWatch, Sweep } from "./sweep-context.ts";
import { ageOf, describeIndex } from "./index-line.ts";
import { isPart, sweepShared } from "./sweep-shared.ts";
import { sweepTenant } from "./sweep-tenant.ts";

// src/workflow-logs/retention drops whole indices that are past their time, by rules, holds and a journal; schedule/
// does so by itself. Single documents it deletes only of a tenant's part of an index that others still need, and no row
// of PostgreSQL.

/**
 * Deletes every index whose month and newest document are past their retention, and returns what went and why the rest
 * stayed. Rows in PostgreSQL are left alone. What a sweep that was killed left half done comes to its end first. A dry
 * run changes nothing at all. Throws AppError with the state it left.
 *
 * @example
 * ```ts
 * import { dataTypes, noProgress, openArchive, parseConfig, retentionSweep } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const options = { tenantIds: [], dataTypes, dryRun: true, operator: "nightly job" };
 * const watch = { signal: new AbortController().signal, progress: noProgress };
 * const { indices } = await retentionSweep(archive.connections, options, watch);
 * console.log(indices.map(({ name, action }) => `${name} ${action}`));
 * await archive.close();
 * ```
 */
export async function retentionSweep(
  connections: Connections,
  options: RetentionOptions,
  watch: RetentionWatch,
): Promise<RetentionReport> {
  const { postgres, state, elasticsearch } = connections;
  const days = options.retentionDays ?? connections.settings.retentionDays;
  requireSensibleDays(options, days);
  await inspectSources(postgres, options); // refuses tenant ids that cannot be
  if (options.snapshotRepository !== undefined) {
    refuseShared(connections.settings.template, noSnapshots, otherCopies);
    await requireRepository(elasticsearch, options.snapshotRepository);
  }
  if (!options.dryRun) await requireIndexDeletion(connections);
  const now = options.now ?? (await agreedTime(connections));
  const counters = new RetentionCounters(options, days, now, cutoffOf(now, days));
  const sweep = { connections, options, days, now, counters, watch };
  try {
    if (options.dryRun) {
      await connections.archive.check();
      await pretend(sweep);
      return counters.snapshot("dry_run");
    }
    await upgradeState(state);
    await requireLaterThanLastSweep(connections, now);
    const description = {
      command: "elasticsearch retention sweep",
      options,
      limits: {},
      report: () => counters.stored(),
    };
    const end = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      counters.runId = run.id;
      await recordSweep(state, run.id, now);
      await sweepAll(sweep, run);
      if (run.signal.aborted) return "interrupted";
      return counters.hasFindings ? "completed_with_errors" : "completed";
    });
    return counters.snapshot(end === "completed_with_errors" ? "completed_with_findings" : end);
  } finally {
    watch.progress.stop();
  }
}

type Begun = Omit<Sweep, "known" | "onlyCopy">;

async function sweepAll(begun: Begun, run: Run): Promise<void> {
  await settleDeletions(begun.connections, run);
  const { sweep, candidates } = await prepare(begun);
  begun.watch.progress.plan(
    candidates.reduce((sum, { index }) => sum + (index.documents ?? 0), 0),
    candidates.length,
  );
  const own = candidates.filter((candidate) => !isPart(candidate));
  for (const [tenantId, some] of Map.groupBy(own, (candidate) => candidate.tenantId))
    await sweepTenant(sweep, run, tenantId, some);
  for (const some of Map.groupBy(candidates.filter(isPart), ({ index }) => index.index).values())
    await sweepShared(sweep, run, some);
}

/** Looks at every index as a sweep would, without locks. */
async function pretend(begun: Begun): Promise<void> {
  const { connections, counters, now, watch } = begun;
  const { sweep, candidates } = await prepare(begun);
  for (const candidate of candidates) {
    watch.signal.throwIfAborted();
    const judged = await inspectCandidate(connections, candidate, now);
    if (judged.kept !== undefined) {
      counters.add(judged.kept);
      continue;
    }
    const { documents, newest } = judged.contents;
    counters.add({
      ...describeIndex(candidate, { ...candidate.index, documents }, candidate.policy),
      ...ageOf(newest, now),
      onlyCopy: sweep.onlyCopy(candidate, documents),
      action: "would_delete",
      reason: "past_retention",
    });
  }
}

async function prepare(begun: Begun): Promise<{ sweep: Sweep; candidates: readonly Candidate[] }> {
  const { connections, options, counters, days, now } = begun;
  const { state } = connections;
  const hasState = (await appliedMigrations(state)).length > 0;
  const hasRules = hasState && (await pendingMigrations(state)).length === 0;
  const known = hasState ? await listPartitions(state, options.tenantIds) : [];
  const rules = hasRules ? await listRules(state, options.tenantIds) : [];
  const open = options.dryRun && hasRules ? (await openDeletions(state, options.tenantIds)).length : 0;
  if (open > 0)
    counters.notes.push(`${open} deletions of a sweep that died or is under way have not come to their end.`);
  const { candidates, kept, notes } = await listCandidates(connections, options, { rules, known, days, now });
  counters.notes.push(...notes);
  for (const index of kept) counters.add(index);
  const onlyCopy = await onlyCopies(connections, options, candidates, known);
  return { sweep: { ...begun, known, onlyCopy }, candidates };
}

const noSnapshots = "A sweep takes no snapshots of indices that tenants share: each would hold the logs of all.";
const otherCopies =
  "Leave --snapshot-repository out. Take snapshots of whole months by Elasticsearch's own means before, or app elasticsearch export.";

/** Asked once, before an index is judged: else each of them would be refused by itself. */
async function requireIndexDeletion({ elasticsearch, settings }: Connections): Promise<void> {
  // of indices that others still need documents are deleted
  const needed = settings.template.layout === "shared" ? ["delete_index", "delete"] : ["delete_index"];
  const only = { cluster: [], index: needed };
  const missing = await missingPrivileges(elasticsearch, settings.template.prefix, resources, only);
  if (missing.length === 0) return;
  throw new AppError(
    "elasticsearch_forbidden",
    `A sweep deletes indices, which may not be done: ${missing.join("; ")}.`,
    {
      hint: `Give the index privilege ${needed.join(" and ")} to the role of ELASTICSEARCH_USERNAME or of the API key. Nothing was deleted.`,
    },
  );
}

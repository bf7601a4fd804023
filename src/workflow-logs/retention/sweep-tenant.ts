import { isDeepStrictEqual } from "node:util";
import { deleteIndex } from "../../stores/elasticsearch/indices/delete-index.ts";
import { placeOf } from "../../stores/elasticsearch/indices/place.ts";
import { takeSnapshot } from "../../stores/elasticsearch/snapshots.ts";
import { decideDeletion, type DecidedDeletion, endDeletion, finishDeletion } from "../state/retention/deletions.ts";
import type { Run } from "../../runs/run.ts";
import { labelOf, partitionKey } from "../partitions/log-types.ts";
import { withPartitions } from "../partitions/partition-lock.ts";
import { inspectCandidate, type InspectedCandidate, keptByPolicy } from "./inspect-candidate.ts";
import { policyOf } from "./retention-days.ts";
import type { KeptReason, SweptIndex } from "./report.ts";
import type { Candidate } from "./list-candidates.ts";
import type { Sweep } from "./sweep-context.ts";
import { ageOf, describeIndex, keptIndex } from "./index-line.ts";

/** What goes: it was judged under the lock of its partition, which is still held. */
export interface Doomed extends Candidate {
  readonly contents: (InspectedCandidate & { kept: undefined })["contents"];
}

/**
 * Deletes the indices of one tenant that are past their retention, behind a snapshot of exactly these where one is
 * asked for. All their partitions are locked from the first look until they are gone, so that nothing is written into
 * them or compared with them meanwhile.
 */
export async function sweepTenant(
  sweep: Sweep,
  run: Run,
  tenantId: string,
  candidates: readonly Candidate[],
): Promise<void> {
  const busy = (candidate: Candidate): void =>
    sweep.counters.add(keptIndex(candidate, candidate.index, candidate.policy, "busy"));
  await withPartitions(run, candidates, busy, async (taken) => deleteDoomed(sweep, run, tenantId, taken));
}

async function deleteDoomed(sweep: Sweep, run: Run, tenantId: string, candidates: readonly Candidate[]): Promise<void> {
  const { counters, watch } = sweep;
  const doomed = await judge(sweep, run, candidates);
  if (doomed === undefined) return;
  const snapshot = await snapshotOf(sweep, run, tenantId, doomed);
  if (snapshot?.fault !== undefined) {
    for (const one of doomed)
      counters.add({ ...describe(sweep, one), action: "kept", reason: "snapshot_failed", detail: snapshot.fault });
    return;
  }
  for (const one of doomed) {
    await run.pacing.unpaused(run.signal);
    if (run.signal.aborted) return;
    watch.progress.partitionStarted(partitionKey(one), labelOf(one), one.contents.documents, 0);
    counters.add(await expire(sweep, run, one, snapshot?.name));
    watch.progress.advanced(partitionKey(one), one.contents.documents, one.index.bytes);
    watch.progress.partitionFinished(partitionKey(one));
  }
}

/** Those that may go; the others are put down as kept. Undefined when the run was stopped. */
export async function judge(
  { connections, counters, watch, now }: Sweep,
  run: Run,
  candidates: readonly Candidate[],
): Promise<Doomed[] | undefined> {
  const doomed: Doomed[] = [];
  for (const candidate of candidates) {
    await run.pacing.unpaused(run.signal);
    if (run.signal.aborted) return undefined;
    const inspected = await inspectCandidate(connections, candidate, now);
    if (inspected.kept === undefined) doomed.push({ ...candidate, contents: inspected.contents });
    else counters.add(inspected.kept);
  }
  await watch.atStep?.("judged");
  return doomed;
}

/** One snapshot for each tenant: none holds the logs of two, and whoever has to forget a tenant can delete it. */
async function snapshotOf(
  { connections, options, counters, watch, now }: Sweep,
  run: Run,
  tenantId: string,
  doomed: readonly Doomed[],
): Promise<{ name: string; fault: string | undefined } | undefined> {
  const { snapshotRepository: repository } = options;
  if (repository === undefined || doomed.length === 0) return undefined;
  const name = `retention-${tenantId}-${now.toISOString().slice(0, 10)}-${run.id}`;
  const indices = doomed.map(({ index }) => index.name);
  watch.progress.note(`Taking the snapshot ${name} of ${indices.length} indices`);
  const fault = await takeSnapshot(connections.elasticsearch, { repository, name }, indices, run.signal);
  if (fault === undefined) counters.snapshots.push({ repository, name, indices });
  await watch.atStep?.("snapshotted");
  return { name: `${repository}/${name}`, fault };
}

/**
 * Looks at the index once more and deletes it. The journal has it before it goes, and says that it is gone in the
 * transaction that makes the partition `expired`: whoever finds an entry in between sees by the index itself what
 * became of it (settle-deletions.ts).
 */
async function expire(sweep: Sweep, run: Run, doomed: Doomed, snapshot: string | undefined): Promise<SweptIndex> {
  const decided = await decide(sweep, run, doomed, snapshot);
  if (decided.kept !== undefined) return decided.kept;
  return end(sweep, run, decided, await deleteIndex(sweep.connections.elasticsearch, doomed.index));
}

/** A deletion that stands in the journal. */
export interface Decided {
  readonly kept: undefined;
  readonly index: Candidate["index"];
  readonly about: Omit<SweptIndex, "action" | "reason">;
  readonly deletion: DecidedDeletion;
}

/** Looks once more, and at the rules as they are now. */
export async function decide(
  sweep: Sweep,
  run: Run,
  doomed: Doomed,
  snapshot: string | undefined,
): Promise<Decided | { readonly kept: SweptIndex }> {
  const { connections, options, watch, now, days } = sweep;
  const { state } = connections;
  const { index } = doomed;
  const again = await inspectCandidate(connections, doomed, now);
  if (again.kept !== undefined) return again;
  const { contents } = again;
  const about = describe(sweep, { ...doomed, contents });
  if (snapshot !== undefined && !isDeepStrictEqual(contents, doomed.contents)) {
    return { kept: { ...about, action: "kept", reason: "written_meanwhile" } };
  }
  let keptNow: KeptReason | undefined;
  const deletion = await decideDeletion(
    state,
    { id: run.id, operator: options.operator },
    { ...about, indexName: index.name, indexUuid: index.uuid, reason: reasonOf(doomed), snapshot },
    (rules) => {
      keptNow = keptByPolicy(policyOf(rules, doomed, days), { month: doomed.month, contents, now });
      return keptNow === undefined;
    },
  );
  if (deletion === undefined) return { kept: { ...about, action: "kept", reason: keptNow ?? "held" } };
  await watch.atStep?.("decided", index.name);
  return { kept: undefined, index, about, deletion };
}

/** What became of it, `refusal` being what Elasticsearch said against its deletion. */
export async function end(
  { connections: { state }, watch }: Sweep,
  run: Run,
  { index, about, deletion }: Decided,
  refusal: string | undefined,
): Promise<SweptIndex> {
  if (refusal !== undefined) {
    // of a part some documents may be gone: settle-deletions.ts sees by their number how far it came
    if (placeOf(index.name).tenantId === undefined) await endDeletion(state, deletion.id, "retracted");
    return { ...about, action: "kept", reason: "delete_refused", detail: refusal };
  }
  await watch.atStep?.("deleted", index.name);
  await finishDeletion(state, deletion, run.id);
  await watch.atStep?.("journaled", index.name);
  return { ...about, action: "deleted", reason: "past_retention" };
}

function reasonOf({ policy }: Doomed): string {
  return `past its retention of ${policy.days} days${policy.isOverride ? " (retention set)" : ""}`;
}

function describe({ onlyCopy, now }: Sweep, { contents, ...doomed }: Doomed): Omit<SweptIndex, "action" | "reason"> {
  const { documents, newest } = contents;
  return {
    ...describeIndex(doomed, { ...doomed.index, documents }, doomed.policy),
    ...ageOf(newest, now),
    onlyCopy: onlyCopy(doomed, documents),
  };
}

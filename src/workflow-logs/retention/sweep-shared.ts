import { deletePart } from "../../stores/elasticsearch/documents/delete-part.ts";
import { deleteSharedIndex, documentsOfAll, wholeIndexUuid } from "../../stores/elasticsearch/indices/delete-index.ts";
import { placeOf } from "../../stores/elasticsearch/indices/place.ts";
import type { Run } from "../../runs/run.ts";
import { labelOf, logTypes, partitionKey } from "../partitions/log-types.ts";
import { withPartitions } from "../partitions/partition-lock.ts";
import { keptIndex } from "./index-line.ts";
import type { Candidate } from "./list-candidates.ts";
import { type Decided, decide, end, judge } from "./sweep-tenant.ts";
import type { Sweep } from "./sweep-context.ts";

/** Whether it is a tenant's part of an index that others share. */
export function isPart({ index }: Candidate): boolean {
  return placeOf(index.name).tenantId !== undefined;
}

/**
 * Deletes the parts of one shared index that are past their retention: with the index, when nothing else is in it, else
 * their documents by their ids. All their partitions are locked from the first look until they are gone.
 */
export async function sweepShared(sweep: Sweep, run: Run, candidates: readonly Candidate[]): Promise<void> {
  const { counters } = sweep;
  const busy = (candidate: Candidate): void =>
    counters.add(keptIndex(candidate, candidate.index, candidate.policy, "busy"));
  await withPartitions(run, candidates, busy, async (taken) => {
    const doomed = await judge(sweep, run, taken);
    const decided: Decided[] = [];
    for (const one of doomed ?? []) {
      await run.pacing.unpaused(run.signal);
      if (run.signal.aborted) break; // what is decided comes to its end
      const outcome = await decide(sweep, run, one, undefined);
      if (outcome.kept === undefined) decided.push(outcome);
      else counters.add(outcome.kept);
    }
    await carryOut(sweep, run, decided);
  });
}

async function carryOut(sweep: Sweep, run: Run, decided: readonly Decided[]): Promise<void> {
  const { connections, counters, watch } = sweep;
  const [first] = decided;
  if (first === undefined) return;
  const whole = await wholeIndex(sweep, first, decided);
  const refusal = whole && (await deleteSharedIndex(connections.elasticsearch, whole));
  for (const one of decided) {
    const { deletion, about, index } = one;
    const key = partitionKey(about);
    watch.progress.partitionStarted(key, labelOf(about), deletion.documents, 0);
    const said = whole === undefined ? await deletePart(connections.elasticsearch, index.name, run.signal) : refusal;
    counters.add(await end(sweep, run, one, said));
    watch.progress.advanced(key, deletion.documents, index.bytes);
    watch.progress.partitionFinished(key);
  }
}

/** The index, when all that is in it was decided upon, and no other tenant's month belongs there. */
async function wholeIndex(
  { connections: { elasticsearch, archive } }: Sweep,
  first: Decided,
  decided: readonly Decided[],
): Promise<{ readonly index: string; readonly uuid: string } | undefined> {
  const { index } = first.index;
  const uuid = await wholeIndexUuid(elasticsearch, index);
  if (uuid === undefined) return undefined;
  const going = new Set(decided.map(({ about }) => about.tenantId));
  const { dataType, month } = first.about;
  const known = await archive.knownParts([{ uuid, resource: logTypes[dataType].resource, month }]);
  if (known.some(({ tenantId }) => !going.has(tenantId))) return undefined;
  const documents = decided.reduce((sum, { deletion }) => sum + deletion.documents, 0);
  return (await documentsOfAll(elasticsearch, index)) === documents ? { index, uuid } : undefined;
}

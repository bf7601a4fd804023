import { isAbort } from "../../engine/errors.ts";
import { sideBySide } from "../../engine/side-by-side.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { CopyRun } from "../copying/copy-run.ts";
import { copyPlanned } from "./copy-planned.ts";
import { busyNote, whenFree, withPartition } from "../partitions/partition-lock.ts";
import type { PlannedPartition, SourcePlan } from "../partitions/plan.ts";

/**
 * Partitions side by side: while one waits for its index or its refresh the other keeps the server busy; more only cost
 * memory.
 */
const partitionsAtOnce = 2;

/**
 * Copies the partitions in their order, a few side by side; one that another run works on is left for the end and
 * waited for. One whose index takes no documents is noted as waiting; any other failure stops all: the others finish
 * their batches in flight.
 */
export async function copyAll(
  copy: CopyRun,
  plans: readonly SourcePlan[],
  partitions: readonly PlannedPartition[],
): Promise<TransferEnd> {
  const planOf = new Map(plans.map((plan) => [plan.source.logType.dataType, plan]));
  const busy: PlannedPartition[] = [];
  const each = (
    some: readonly PlannedPartition[],
    lock: typeof withPartition,
    ifBusy: (one: PlannedPartition) => void,
  ) =>
    sideBySide(some, partitionsAtOnce, async (planned, failed) => {
      const run = { ...copy.run, signal: AbortSignal.any([copy.run.signal, failed]) };
      const { source, listing, isNoted } = planOf.get(planned.dataType)!;
      const copied = () => copyPlanned(copy, source, { ...planned, listing: listing!, isNoted }, run.signal);
      if (!run.signal.aborted && (await lock(run, planned, copied)) === "busy") ifBusy(planned);
    });
  try {
    await each(partitions, withPartition, (planned) => {
      busy.push(planned);
      copy.progress.note(busyNote(planned));
    });
    await each(busy, whenFree, () => {});
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
  return copy.run.signal.aborted ? "interrupted" : "completed";
}

import { isAbort } from "../../engine/errors.ts";
import { sideBySide } from "../../engine/side-by-side.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { Partition } from "../partitions/log-types.ts";
import { partitionKey } from "../partitions/log-types.ts";
import { zoneOf } from "../partitions/source-schema.ts";
import { coversWholeMonth, partitionRange } from "../partitions/scope.ts";
import { failureOfOneMonth, waitingMonth } from "../copying/closed-months.ts";
import { type CopyRun, partitionCopy } from "../copying/copy-run.ts";
import { copyPartition, type PartitionCopy, rowsThatWait } from "./copy-partition.ts";
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
      const copied = () => copyLocked(copy, planOf.get(planned.dataType)!, planned, run.signal);
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

async function copyLocked(
  copy: CopyRun,
  plan: SourcePlan,
  planned: PlannedPartition,
  signal: AbortSignal,
): Promise<void> {
  const { connections, options, counters, progress } = copy;
  const partition: Partition = { dataType: planned.dataType, tenantId: planned.tenantId, month: planned.month };
  const key = partitionKey(partition);
  const ofPartition: PartitionCopy = {
    ...partitionCopy(copy, plan.source, partition),
    listing: plan.listing!,
    range: partitionRange(partition, options.scope, zoneOf(plan.source, connections.settings.sourceTimeZone))!,
    coversWholeMonth: coversWholeMonth(partition, options.scope),
    fromNothing: options.restart,
    lacksDocuments: planned.lacksDocuments === true,
    looksAtOpenRows: plan.isNoted !== true,
    onMissing: (missing) => counters.missing(partition, missing),
    onFoundAhead: (rows) => {
      counters.add(partition.dataType, { skipped: rows });
      progress.advanced(key, rows, 0);
    },
    onBegun: ({ indexWasReplaced }) => {
      if (indexWasReplaced) counters.indexReplaced(key);
    },
  };
  try {
    progress.partitionStarted(key, labelOf(partition), planned.rows, 0);
    if ((await copyPartition(ofPartition, signal)) === "completed") counters.partitionDone();
  } catch (error) {
    const failure = failureOfOneMonth(error);
    if (failure === undefined) throw error;
    // Copied anew, rows wait though a checkpoint covers them.
    const rows = options.restart ? planned.rows : await rowsThatWait(ofPartition, planned);
    if (rows === 0) counters.partitionDone();
    else counters.monthWaits(waitingMonth(partition, rows, failure));
  } finally {
    progress.partitionFinished(key);
  }
}

const words = { workflow_runs: "runs", app_logs: "app logs", node_executions: "nodes" } as const;

export function labelOf({ dataType, tenantId, month }: Partition): string {
  return `${words[dataType]} ${tenantId} ${month}`;
}

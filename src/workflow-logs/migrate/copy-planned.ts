import type { TransferEnd } from "../../engine/transfer.ts";
import { failureOfOneMonth, waitingMonth } from "../copying/closed-months.ts";
import { type CopyRun, partitionCopy } from "../copying/copy-run.ts";
import { labelOf, type Partition, partitionKey } from "../partitions/log-types.ts";
import type { PlannedPartition } from "../partitions/plan.ts";
import { coversWholeMonth, partitionRange } from "../partitions/scope.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import type { Listing } from "../rows/row-query.ts";
import { copyPartition, type PartitionCopy, rowsThatWait } from "./copy-partition.ts";

/** A partition as it is to be copied, by this process or by a worker. */
export interface PlannedCopy extends PlannedPartition {
  readonly listing: Listing;
  /** Every write was noted: rows that had not ended need not be looked at. */
  readonly isNoted?: boolean | undefined;
}

/**
 * Copies one partition, whose lock the caller holds; the one function that does, whoever calls it. A failure that
 * concerns its month alone is counted, any other is thrown.
 */
export async function copyPlanned(
  copy: CopyRun,
  source: SourceTable,
  planned: PlannedCopy,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { connections, options, counters, progress } = copy;
  const partition: Partition = { dataType: planned.dataType, tenantId: planned.tenantId, month: planned.month };
  const key = partitionKey(partition);
  const ofPartition: PartitionCopy = {
    ...partitionCopy(copy, source, partition),
    listing: planned.listing,
    range: partitionRange(partition, options.scope, zoneOf(source, connections.settings.sourceTimeZone))!,
    coversWholeMonth: coversWholeMonth(partition, options.scope),
    fromNothing: options.restart,
    lacksDocuments: planned.lacksDocuments === true,
    looksAtOpenRows: planned.isNoted !== true,
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
    const end = await copyPartition(ofPartition, signal);
    if (end === "completed") counters.partitionDone();
    return end;
  } catch (error) {
    const failure = failureOfOneMonth(error);
    if (failure === undefined) throw error;
    // Copied anew, rows wait though a checkpoint covers them.
    const rows = options.restart ? planned.rows : await rowsThatWait(ofPartition, planned);
    if (rows === 0) counters.partitionDone();
    else counters.monthWaits(waitingMonth(partition, rows, failure));
    return "completed";
  } finally {
    progress.partitionFinished(key);
  }
}

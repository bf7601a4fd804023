import type { TransferEnd } from "../../engine/transfer.ts";
import {
  countCreatedWithin,
  type CreatedWithin,
  documentIds,
} from "../../stores/elasticsearch/documents/document-ids.ts";
import { countPurgedEntries } from "../state/cleanup/purged-documents.ts";
import { readPartition } from "../state/partitions/partitions.ts";
import { noteOnlyCopies } from "../state/partitions/partitions-without-rows.ts";
import { saveProof } from "../state/validate/proofs.ts";
import { addDifferences, countDifferences, explainByRecordErrors } from "../state/validate/differences.ts";
import { countDeleted } from "../state/validate/purged-and-deleted-ids.ts";
import type { ValidatedRange } from "../state/validate/progress.ts";
import { labelOf, partitionKey, type Partition } from "../partitions/log-types.ts";
import type { Listing } from "../rows/row-query.ts";
import { type TimeRange, wholeMonth } from "../partitions/scope.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { findExtra, idsPerPage } from "./extra/extra-documents.ts";
import { lookAgain } from "./look-again.ts";
import { expiredWarning } from "./plan.ts";
import { checkPurged } from "./purged-rows.ts";
import { openTally, type ProgressTally } from "./progress-tally.ts";
import { repairRows } from "./repair.ts";
import { checkRows, type RowCheck } from "./row-check.ts";
import { partitionCheck, type ValidateRun } from "./validate-run.ts";

/** What is to be validated of a partition, by this process or by a worker. */
export interface WholePlan extends Partition {
  readonly rows: number;
  /** PostgreSQL's snapshot before the first row was counted. */
  readonly snapshot: string | undefined;
  readonly range: TimeRange;
  readonly within: CreatedWithin;
  readonly coversWholeMonth: boolean;
  readonly listing: Listing;
}

/**
 * Validates every row and every document of one partition; a validation that was stopped goes on. The caller holds the
 * partition's lock. The one function that does, whoever calls it.
 */
export async function validateWhole(
  validation: ValidateRun,
  source: SourceTable,
  plan: WholePlan,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { connections, counters, progress } = validation;
  const partition: Partition = { dataType: plan.dataType, tenantId: plan.tenantId, month: plan.month };
  try {
    if ((await readPartition(connections.state, partition))?.state === "expired") {
      // a sweep came between the plan and the lock
      counters.warn(expiredWarning(partition, plan.rows));
      counters.report.partitions.done++;
      return "completed";
    }
    return await validateLocked(validation, source, plan, partition, signal);
  } finally {
    progress.partitionFinished(partitionKey(partition));
  }
}

async function validateLocked(
  validation: ValidateRun,
  source: SourceTable,
  plan: WholePlan,
  partition: Partition,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { connections, options, counters, progress } = validation;
  const { snapshot, listing } = plan;
  const draft = partitionCheck(validation, source, partition, { hasIndex: false, snapshot });
  const index = await draft.target.find();
  const check: RowCheck = { ...draft, hasIndex: index !== undefined };
  const range: ValidatedRange = { ...plan.range, indexUuid: index?.uuid ?? "", gaps: validation.gaps };
  const tally = await openTally(check, range, listing);
  progress.partitionStarted(partitionKey(partition), labelOf(partition), plan.rows, tally.checked);

  let target = 0;
  const note = async (): Promise<void> => {
    const counts = await countDifferences(connections.state, check);
    const keptAfterDelete = await countDeleted(connections.state, partition, wholeMonth(partition, check.timeZone));
    const purged = await countPurgedEntries(connections.state, partition);
    counters.found(partition, {
      ...counts,
      ...purged,
      source: plan.rows,
      target,
      checked: tally.checked,
      keptAfterDelete,
    });
  };
  try {
    if ((await compareRows(check, plan, listing, tally, progress, signal)) === "interrupted") return "interrupted";
    const onGone = (transaction: typeof connections.state, rows: number) => tally.forgetRows(transaction, rows);
    if ((await lookAgain(check, { onGone }, signal)) === "interrupted") return "interrupted";
    target = await countTarget(check, plan);
    if (!tally.isFinished) {
      if ((await lookForRows(check, plan, tally, target, signal)) === "interrupted") return "interrupted";
      if ((await checkPurged(validation, check, tally, signal)) === "interrupted") return "interrupted";
    }

    let indexUuid = range.indexUuid;
    const before = await countDifferences(connections.state, check);
    if (options.repair && before.missing + before.different + before.changed > 0) {
      const repair = await repairRows(validation, source, partition, check, onGone, signal);
      if (repair.end === "interrupted") return "interrupted";
      ({ indexUuid } = repair);
      target = await countTarget({ ...check, hasIndex: true }, plan);
    }
    await explainByRecordErrors(connections.state, check);
    await tally.finish(indexUuid);
    const left = await countDifferences(connections.state, check);
    const { missing, different, extra, changed, lost, altered, doubled } = left;
    // where documents of purged rows are gone, the index that held them last stays the one that is known
    if (lost === 0 && check.hasIndex) await noteOnlyCopies(connections.state, partition, indexUuid);
    const isProven = missing + different + extra + changed + lost + altered + doubled === 0 && tally.checked > 0;
    if (isProven && plan.coversWholeMonth) {
      const proof = { indexUuid, rows: tally.checked, gaps: validation.gaps };
      if (await saveProof(connections.state, partition, check.runId, proof)) counters.report.partitions.verified++;
      else counters.warn(`A write went unrecorded meanwhile, so ${partitionKey(partition)} is not verified.`);
    }
    counters.report.partitions.done++;
    return "completed";
  } finally {
    await note();
  }
}

/** Compares the rows behind the last one compared, in step with their documents. */
function compareRows(
  check: RowCheck,
  plan: WholePlan,
  listing: Listing,
  tally: ProgressTally,
  progress: ValidateRun["progress"],
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { partition, source, read } = check;
  return checkRows(
    check,
    (aborted) => source.pages(listing, partition.tenantId, plan.range, tally.after, read, aborted),
    async (transaction, batch) => {
      await addDifferences(transaction, check, batch.differences);
      await tally.advance(transaction, batch);
      progress.advanced(partitionKey(partition), batch.ids.length, batch.bytes);
    },
    signal,
  );
}

/**
 * Lists the documents when there are more than rows were found to have, and when an earlier run compared some of the
 * rows.
 */
async function lookForRows(
  check: RowCheck,
  plan: WholePlan,
  tally: ProgressTally,
  documents: number,
  signal: AbortSignal,
): Promise<TransferEnd> {
  if (!check.hasIndex) return "completed";
  const { missing, changed } = await countDifferences(check.state, check);
  const certain = tally.checked - missing - changed;
  if (!tally.isResumed && documents <= certain) return "completed";
  return findExtra(
    check,
    (aborted) =>
      documentIds(
        check.elasticsearch,
        check.target.index,
        { within: plan.within, pageSize: idsPerPage, beforePage: check.read.beforePage },
        aborted,
      ),
    signal,
  );
}

async function countTarget(check: RowCheck, plan: WholePlan): Promise<number> {
  if (!check.hasIndex) return 0;
  await check.target.refresh();
  return countCreatedWithin(check.elasticsearch, check.target.index, plan.within);
}

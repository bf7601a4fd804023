import type { TransferEnd } from "../../../engine/transfer.ts";
import { documentIds } from "../../../stores/elasticsearch/documents/document-ids.ts";
import {
  addDifferences,
  countDifferences,
  explainByRecordErrors,
  forgetDifferences,
} from "../../state/validate/differences.ts";
import { countPurgedEntries } from "../../state/cleanup/purged-documents.ts";
import { countDeleted } from "../../state/validate/purged-and-deleted-ids.ts";
import { labelOf, type Partition, partitionKey } from "../../partitions/log-types.ts";
import { pagesOf } from "../../copying/pages-of.ts";
import { whenFree } from "../../partitions/partition-lock.ts";
import { wholeMonth } from "../../partitions/scope.ts";
import { findExtra, idsPerPage } from "../extra/extra-documents.ts";
import { type Look, lookAgain } from "../look-again.ts";
import type { SampledPartition } from "./plan-sample.ts";
import { repairRows } from "../repair.ts";
import { checkRows, type RowCheck } from "../row-check.ts";
import { partitionCheck, type ValidateRun } from "../validate-run.ts";

/** Compares the rows drawn from the partition with their documents, and looks for the rows of random documents. */
export async function validateSample(
  validation: ValidateRun,
  plan: SampledPartition,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { connections, counters, progress } = validation;
  const { source, snapshot } = plan.keys;
  const partition: Partition = { dataType: plan.dataType, tenantId: plan.tenantId, month: plan.month };
  const check = partitionCheck(validation, source, partition, { hasIndex: plan.index !== undefined, snapshot });
  await forgetDifferences(connections.state, partition, { keepUnfinished: true });
  const compared = { rows: 0 };
  progress.partitionStarted(partitionKey(partition), labelOf(partition), plan.drawn.length, 0);
  try {
    const end = await compareSample(validation, plan, check, compared, signal);
    await explainByRecordErrors(connections.state, check);
    if (end === "completed") counters.report.partitions.done++;
    return end;
  } finally {
    const counts = await countDifferences(connections.state, check);
    const keptAfterDelete = await countDeleted(connections.state, partition, wholeMonth(partition, check.timeZone));
    const { rows, target } = plan;
    const purged = await countPurgedEntries(connections.state, partition);
    counters.found(partition, {
      ...counts,
      ...purged,
      source: rows,
      target,
      checked: compared.rows,
      keptAfterDelete,
    });
    progress.partitionFinished(partitionKey(partition));
  }
}

async function compareSample(
  validation: ValidateRun,
  plan: SampledPartition,
  check: RowCheck,
  compared: { rows: number },
  signal: AbortSignal,
): Promise<TransferEnd> {
  const onGone: Look["onGone"] = async (_transaction, rows) => void (compared.rows -= rows);
  if ((await compareRows(validation, plan, check, compared, signal)) === "interrupted") return "interrupted";
  if ((await lookAgain(check, { onGone }, signal)) === "interrupted") return "interrupted";
  if (plan.documents > 0 && (await lookForRows(check, plan, signal)) === "interrupted") return "interrupted";
  return validation.options.repair ? repair(validation, check, onGone, signal) : "completed";
}

function compareRows(
  { progress }: ValidateRun,
  { drawn }: SampledPartition,
  check: RowCheck,
  compared: { rows: number },
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { source, rowsOf, read } = check;
  return checkRows(
    check,
    (aborted) => source.rowsById(rowsOf, pagesOf(drawn, read.limits.rows), read, aborted),
    async (transaction, batch) => {
      await addDifferences(transaction, check, batch.differences);
      compared.rows += batch.ids.length;
      progress.advanced(partitionKey(check.partition), batch.ids.length, batch.bytes);
    },
    signal,
  );
}

function lookForRows(check: RowCheck, plan: SampledPartition, signal: AbortSignal): Promise<TransferEnd> {
  const { elasticsearch, target } = check;
  const { beforePage } = check.read;
  const wanted = { within: plan.within, pageSize: idsPerPage, random: plan.documents, beforePage };
  return findExtra(check, (aborted) => documentIds(elasticsearch, target.index, wanted, aborted), signal);
}

async function repair(
  validation: ValidateRun,
  check: RowCheck,
  onGone: Look["onGone"],
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { partition, source } = check;
  const { missing, different, changed } = await countDifferences(check.state, check);
  if (missing + different + changed === 0) return "completed";
  const repaired = await whenFree(validation.run, partition, () =>
    repairRows(validation, source.source, partition, check, onGone, signal),
  );
  return repaired.end;
}

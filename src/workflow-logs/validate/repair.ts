import type { TransferEnd } from "../../engine/transfer.ts";
import { finishCopying } from "../state/partitions/partitions.ts";
import { unresolvedIds } from "../state/validate/differences.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import { copyById } from "../copying/copy-rows.ts";
import { partitionCopy } from "../copying/copy-run.ts";
import type { Partition } from "../partitions/log-types.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { compareAgain, type Look, rowKinds } from "./look-again.ts";
import type { RowCheck } from "./row-check.ts";
import type { ValidateRun } from "./validate-run.ts";

export interface Repair {
  readonly end: TransferEnd;
  /** The index that the rows were copied into; it may have been missing before. */
  readonly indexUuid: string;
}

/**
 * Copies the rows that are missing or different, also those that a note says are still to be copied, and compares them
 * again. Deletes nothing. The caller holds the partition's lock.
 */
export async function repairRows(
  validation: ValidateRun,
  source: SourceTable,
  partition: Partition,
  check: RowCheck,
  onGone: Look["onGone"],
  signal: AbortSignal,
): Promise<Repair> {
  const copy = partitionCopy(validation.copy, source, partition);
  const { state, runId, target, read } = copy;
  const { stateBefore, indexUuid } = await beginCopying(copy, false, signal);
  const ids = unresolvedIds(state, check, rowKinds, read.limits.rows);
  const end = await copyById(copy, ids, { isUnchanged: () => false, areNew: false }, signal);
  await target.refresh();
  if (stateBefore !== undefined && stateBefore !== "copying") await finishCopying(state, partition, runId);
  if (end === "interrupted") return { end, indexUuid };
  const written: RowCheck = { ...check, hasIndex: true };
  return { end: await compareAgain(written, { resolved: "repaired", onGone }, signal), indexUuid };
}

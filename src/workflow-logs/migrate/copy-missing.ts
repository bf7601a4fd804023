import type { TransferEnd } from "../../engine/transfer.ts";
import type { ConfirmedRange } from "../state/partitions/checkpoints.ts";
import { readPartition, setCopiedRows } from "../state/partitions/partitions.ts";
import { purgedRowIds } from "../state/validate/purged-and-deleted-ids.ts";
import { copyById } from "../copying/copy-rows.ts";
import type { RowCopy } from "../copying/row-copy.ts";
import { pagesOf } from "../copying/pages-of.ts";
import { withoutDocument } from "./without-document.ts";

/** What was found in a partition that had fewer documents than it should. */
export interface Missing {
  /**
   * Documents that were there once and were gone: deleted by somebody else, or the index is an older copy of itself.
   */
  readonly vanished: number;
  /** Rows without a document that were copied now. */
  readonly copied: number;
  /** Purged rows whose document is gone: they are in neither store. */
  readonly lost: number;
}

/** Of the journal of purged rows. */
const idsLookedUpAtOnce = 10_000;

/**
 * Looks at every row behind the checkpoints and copies those that have no document, whatever came between: rows that
 * came with an old created_at, documents that somebody deleted, an index that was set back. The caller holds the
 * partition's lock.
 */
export async function copyMissing(
  copy: RowCopy,
  confirmed: readonly ConfirmedRange[],
  signal: AbortSignal,
): Promise<{ readonly end: TransferEnd; readonly missing: Missing }> {
  const { partition, state, target, runId } = copy;
  await target.refresh();
  const documents = await target.count();
  const counted = (await readPartition(state, partition))?.copiedRows ?? 0;
  const vanished = Math.max(0, counted - documents);
  if (vanished > 0) await setCopiedRows(state, partition, runId, documents);

  let copied = 0;
  let end: TransferEnd = "completed";
  for (const range of confirmed) {
    const behind = await copy.source.idsBehind(partition.tenantId, range);
    for await (const absent of withoutDocument(copy, behind, signal)) {
      if (absent.length === 0) continue;
      copied += absent.length;
      end = await copyById(copy, pagesOf(absent, copy.read.limits.rows), { areNew: true }, signal);
      if (end === "interrupted") break;
    }
  }
  return { end, missing: { vanished, copied, lost: await countLost(copy) } };
}

async function countLost(copy: RowCopy): Promise<number> {
  let lost = 0;
  for await (const ids of purgedRowIds(copy.state, copy.partition, idsLookedUpAtOnce)) {
    for await (const absent of withoutDocument(copy, ids)) {
      const rows = await copy.source.locate(absent, copy.rowsOf.timeZone);
      lost += absent.filter((id) => !rows.has(id)).length;
    }
  }
  return lost;
}

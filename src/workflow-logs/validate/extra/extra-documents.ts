import { setTimeout as sleep } from "node:timers/promises";
import type { Batch, Receipt } from "../../../engine/ports.ts";
import { transfer, type TransferEnd } from "../../../engine/transfer.ts";
import { isWrittenDirectly } from "../../state/partitions/month-placements.ts";
import { deletedIds, purgedIds } from "../../state/validate/purged-and-deleted-ids.ts";
import { addDifferences, forgetKind, settleDifferences, unresolvedIds } from "../../state/validate/differences.ts";
import { homesOfDoubled, nameDoubled } from "./doubled-documents.ts";
import { pauseMillis } from "../look-again.ts";
import type { RowCheck } from "../row-check.ts";
import { idsWithRow } from "./rows-of-ids.ts";

export const idsPerPage = 2000;

interface IdBatch extends Batch {
  readonly ids: readonly string[];
}

/**
 * Looks for the rows of these documents. One without a row in the partition is extra, unless the row was purged, or
 * deleted by the platform while that was recorded, or the document is gone or has its row a moment later.
 */
export async function findExtra(
  check: RowCheck,
  ids: (signal: AbortSignal) => AsyncIterable<readonly string[]>,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { state, pacing } = check;
  await forgetKind(state, check, "extra");
  await forgetKind(state, check, "doubled");
  const end = await transfer<IdBatch, Receipt & { readonly unexplained: readonly string[] }>(
    {
      source: {
        async *batches(aborted) {
          for await (const page of ids(aborted)) yield { records: page.length, bytes: 0, ids: page };
        },
      },
      sink: {
        async write(batch) {
          return { written: batch.records, refused: [], unexplained: await withoutRow(check, batch.ids) };
        },
      },
      checkpoint: {
        async confirm(_batch, receipt) {
          await addDifferences(
            state,
            check,
            (receipt?.unexplained ?? []).map((id) => ({ id, kind: "extra", columns: [] })),
          );
        },
      },
      pacing,
    },
    signal,
  );
  return end === "interrupted" ? end : secondLook(check, signal);
}

async function secondLook(check: RowCheck, signal: AbortSignal): Promise<TransferEnd> {
  let hasWaited = false;
  for await (const ids of extraIds(check)) {
    if (!hasWaited) await sleep(pauseMillis, undefined, { signal });
    hasWaited = true;
    await check.pacing.unpaused(signal);
    if (signal.aborted) return "interrupted";
    const still = new Set(await stillExtra(check, ids));
    await settleDifferences(check.state, check, {
      kinds: ["extra"],
      gone: ids.filter((id) => !still.has(id)),
      still: [],
    });
    await nameDoubled(check, [...still]);
  }
  return "completed";
}

function extraIds(check: RowCheck): AsyncGenerator<string[]> {
  return unresolvedIds(check.state, check, ["extra"], idsPerPage);
}

/** Which of the ids have a document now, and neither a row nor a reason to have none. */
export async function stillExtra(check: RowCheck, ids: readonly string[]): Promise<string[]> {
  const existing = await check.target.existing(ids);
  return withoutRow(
    check,
    ids.filter((id) => existing.has(id)),
  );
}

async function withoutRow(check: RowCheck, ids: readonly string[]): Promise<string[]> {
  const withRow = await idsWithRow(check, ids);
  const rowless = ids.filter((id) => !withRow.has(id));
  // of a month that was written into Elasticsearch alone a document without a row may be a log that never had one
  if (rowless.length > 0 && (await isWrittenDirectly(check.state, check.partition)))
    return [...(await homesOfDoubled(check, rowless)).keys()];
  const purged = await purgedIds(check.state, check.partition, rowless);
  const unexplained = rowless.filter((id) => !purged.has(id));
  const deleted = await deletedIds(check.state, check.partition, unexplained);
  return unexplained.filter((id) => !deleted.has(id));
}

import type { Batch, Receipt } from "../../engine/ports.ts";
import { transfer, type TransferEnd } from "../../engine/transfer.ts";
import { eachSource } from "../../stores/elasticsearch/documents/each-source.ts";
import { markOf } from "../compare/stable-document.ts";
import { partitionKey } from "../partitions/log-types.ts";
import type { DocumentMark } from "../state/cleanup/purged-rows.ts";
import { adoptDocuments, type PurgedEntry, purgedEntriesAfter } from "../state/cleanup/purged-documents.ts";
import { addDifferences, type FoundDifference, forgetKind } from "../state/validate/differences.ts";
import { purgedIds } from "../state/validate/purged-and-deleted-ids.ts";
import type { ProgressTally } from "./progress-tally.ts";
import type { RowCheck } from "./row-check.ts";
import { idsWithRow } from "./extra/rows-of-ids.ts";
import type { ValidateRun } from "./validate-run.ts";

interface EntryBatch extends Batch {
  readonly entries: readonly PurgedEntry[];
}

type Checked = Receipt & {
  readonly differences: readonly FoundDifference[];
  readonly adopted: readonly ({ readonly id: string } & DocumentMark)[];
};

/** Of the journal at a time. */
const entriesPerPage = 5000;
/** Of a document whose size nobody wrote down: few enough at once when each is large. */
const unknownBytes = 128 * 1024;

/**
 * Looks at the document of every row that was purged of the partition: one that is gone is `lost`, one that is not what
 * it was when the row was deleted is `altered`. Rows without a fingerprint are adopted when `--adopt` is given. Goes on
 * behind the last row that the tally has. The caller holds the partition's lock.
 */
export async function checkPurged(
  { options, progress }: Pick<ValidateRun, "options" | "progress">,
  check: RowCheck,
  tally: ProgressTally,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { state, partition, pacing } = check;
  if (tally.purgedId === undefined) {
    await forgetKind(state, check, "lost");
    await forgetKind(state, check, "altered");
  }
  return transfer<EntryBatch, Checked>(
    {
      source: { batches: (aborted) => journal(check, tally.purgedId ?? "", aborted) },
      sink: { write: ({ entries }) => compare(check, entries, options.adopt) },
      checkpoint: {
        confirm: async ({ entries }, receipt) => {
          await state.transaction().execute(async (transaction) => {
            await addDifferences(transaction, check, receipt!.differences);
            await adoptDocuments(transaction, partition, receipt!.adopted);
            await tally.advancePurged(transaction, entries.at(-1)!.id);
          });
        },
      },
      pacing,
      onConfirmed: ({ records, bytes }) => progress.advanced(partitionKey(partition), records, bytes),
    },
    signal,
  );
}

/** Batches by the size that the documents had. */
async function* journal(
  { state, partition, read, pacing }: RowCheck,
  from: string,
  signal: AbortSignal,
): AsyncGenerator<EntryBatch> {
  const { limits } = read;
  for (let after = from; !signal.aborted;) {
    await pacing.unpaused(signal);
    const page = await purgedEntriesAfter(state, partition, after, entriesPerPage);
    let entries: PurgedEntry[] = [];
    let bytes = 0;
    for (const entry of page) {
      const size = entry.bytes ?? unknownBytes;
      if (entries.length > 0 && (entries.length >= limits.rows || bytes + size > limits.bytes)) {
        yield { entries, records: entries.length, bytes };
        entries = [];
        bytes = 0;
      }
      entries.push(entry);
      bytes += size;
    }
    if (entries.length > 0) yield { entries, records: entries.length, bytes };
    if (page.length < entriesPerPage) return;
    after = page.at(-1)!.id;
  }
}

async function compare(check: RowCheck, entries: readonly PurgedEntry[], adopt: boolean): Promise<Checked> {
  const found = await marksOf(
    check,
    entries.map(({ id }) => id),
  );
  const suspects: FoundDifference[] = [];
  const unknown: ({ id: string } & DocumentMark)[] = [];
  for (const { id, fingerprint } of entries) {
    const mark = found.get(id);
    if (mark === undefined) suspects.push({ id, kind: "lost", columns: [] });
    else if (fingerprint === null) unknown.push({ id, ...mark });
    else if (!fingerprint.equals(mark.fingerprint)) suspects.push({ id, kind: "altered", columns: [] });
  }
  const suspectIds = suspects.map(({ id }) => id);
  const withRow = await idsWithRow(check, suspectIds);
  // an application may have deleted the log meanwhile
  const journalled = await purgedIds(check.state, check.partition, suspectIds);
  return {
    written: entries.length,
    refused: [],
    differences: suspects.filter(({ id }) => !withRow.has(id) && journalled.has(id)),
    adopted: adopt ? unknown : [],
  };
}

async function marksOf(check: RowCheck, ids: readonly string[]): Promise<Map<string, DocumentMark>> {
  const marks = new Map<string, DocumentMark>();
  if (!check.hasIndex) return marks;
  await eachSource(check.elasticsearch, check.target.index, ids, (id, source) => marks.set(id, markOf(source)));
  return marks;
}

import { pagesOf } from "../copying/pages-of.ts";
import type { RowCopy } from "../copying/row-copy.ts";
import { knownRecordErrors } from "../state/record-errors.ts";

const idsLookedUpAtOnce = 10_000;

/**
 * Of rows of the partition those that are neither in Elasticsearch nor among the record errors, a page of ids at a
 * time. `signal` ends pauses.
 */
export async function* withoutDocument(
  { target, state, partition, pacing }: RowCopy,
  rows: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<string[]> {
  for await (const ids of pagesOf(rows, idsLookedUpAtOnce)) {
    if (signal !== undefined) await pacing.unpaused(signal);
    const there = await target.existing(ids);
    const absent = ids.filter((id) => !there.has(id));
    const refused = await knownRecordErrors(state, partition.dataType, absent);
    yield absent.filter((id) => !refused.has(id));
  }
}

import { addDifferences, forgetKind } from "../state/validate/differences.ts";
import { purgedRowIds } from "../state/validate/purged-and-deleted-ids.ts";
import { idsPerPage } from "./extra/extra-documents.ts";
import type { RowCheck } from "./row-check.ts";
import { idsWithRow } from "./extra/rows-of-ids.ts";

/** Remembers rows that were purged from PostgreSQL and have no document any more: those are in neither store. */
export async function findLost(check: RowCheck, signal: AbortSignal): Promise<void> {
  const { state, partition, target, pacing } = check;
  await forgetKind(state, check, "lost");
  for await (const ids of purgedRowIds(state, partition, idsPerPage)) {
    signal.throwIfAborted();
    await pacing.unpaused(signal);
    const existing = check.hasIndex ? await target.existing(ids) : new Set<string>();
    const gone = ids.filter((id) => !existing.has(id));
    const restored = await idsWithRow(check, gone);
    await addDifferences(
      state,
      check,
      gone.filter((id) => !restored.has(id)).map((id) => ({ id, kind: "lost", columns: [] })),
    );
  }
}

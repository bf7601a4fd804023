import { deleteOlder } from "../../copying/delete-older.ts";
import { sourceVersion } from "../../documents/source-version.ts";
import { uncountCopied } from "../../state/partitions/partitions.ts";
import { settleDifferences, unresolvedIds } from "../../state/validate/differences.ts";
import { voidProofs } from "../../state/validate/proofs.ts";
import type { RowCheck } from "../row-check.ts";
import { homesOfDoubled } from "./doubled-documents.ts";
import { idsPerPage, stillExtra } from "./extra-documents.ts";

/**
 * Deletes the documents that were found to be doubled, each looked at once more: it goes only while there is no row for
 * it here, and the other document is there. The caller holds the partition's lock.
 */
export async function removeDoubled(check: RowCheck, signal: AbortSignal): Promise<void> {
  const { state, partition, target, pacing, runId } = check;
  await voidProofs(state, partition);
  for await (const ids of unresolvedIds(state, check, ["doubled"], idsPerPage)) {
    signal.throwIfAborted();
    await pacing.unpaused(signal);
    const version = await sourceVersion(check.postgres); // before the row is looked for: a document of a row that is read later stays
    const doubled = [...(await homesOfDoubled(check, await stillExtra(check, ids))).keys()];
    const deleted = await deleteOlder(check, target.index, doubled, version, runId);
    await uncountCopied(state, partition, deleted.length);
    await settleDifferences(state, check, { kinds: ["doubled"], gone: deleted, still: [], resolved: "deleted" });
  }
  await target.refresh();
}

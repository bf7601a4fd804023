import { setTimeout as sleep } from "node:timers/promises";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { DifferenceKind, StateDatabase } from "../state/database.ts";
import { countDifferences, settleDifferences, unresolvedIds } from "../state/validate/differences.ts";
import { type CheckedBatch, checkRows, type RowCheck } from "./row-check.ts";

/** Of differences of rows; those of documents without one are others. */
export const rowKinds: readonly DifferenceKind[] = ["missing", "different", "changed"];

/** A row and its document are written one after the other: what is seen between the two is gone a moment later. */
export const pauseMillis = 500;
/** While differences come and go, somebody is writing; an archive at rest is looked at once. */
const mostLooks = 3;

export interface Look {
  /** How differences that are no more are remembered; they are forgotten otherwise. */
  readonly resolved?: "repaired";
  /** In the transaction that forgets rows which are not there any more. */
  readonly onGone: (transaction: StateDatabase, rows: number) => Promise<void>;
}

/**
 * Compares the rows that were called missing or different anew; only differences that are still there afterwards count.
 */
export async function lookAgain(check: RowCheck, look: Look, signal: AbortSignal): Promise<TransferEnd> {
  if (!check.hasIndex) return "completed"; // nobody can have written a document since
  let before = await countRows(check);
  for (let at = 0; at < mostLooks && before.unresolved > 0; at++) {
    await sleep(pauseMillis, undefined, { signal });
    await check.pacing.unpaused(signal);
    if ((await compareAgain(check, look, signal)) === "interrupted") return "interrupted";
    const after = await countRows(check);
    if (after.unresolved === before.unresolved && after.changed === 0) break;
    before = after;
  }
  return "completed";
}

export function compareAgain(check: RowCheck, look: Look, signal: AbortSignal): Promise<TransferEnd> {
  const { rowsOf, source, read } = check;
  return checkRows(
    check,
    (aborted) => source.rowsById(rowsOf, idsOfKinds(check), read, aborted),
    (transaction, batch) => settle(check, look, transaction, batch),
    signal,
  );
}

async function settle(
  scope: RowCheck,
  look: Look,
  transaction: StateDatabase,
  { ids, gone, differences }: CheckedBatch,
): Promise<void> {
  const differing = new Set(differences.map(({ id }) => id));
  const equal = ids.filter((id) => !differing.has(id));
  await settleDifferences(transaction, scope, {
    kinds: rowKinds,
    gone: equal,
    still: differences,
    ...(look.resolved && { resolved: look.resolved }),
  });
  if (gone.length === 0) return;
  await settleDifferences(transaction, scope, { kinds: rowKinds, gone, still: [] });
  await look.onGone(transaction, gone.length);
}

function idsOfKinds(check: RowCheck): AsyncGenerator<string[]> {
  return unresolvedIds(check.state, check, rowKinds, check.read.limits.rows);
}

async function countRows(check: RowCheck): Promise<{ unresolved: number; changed: number }> {
  const { missing, different, changed } = await countDifferences(check.state, check);
  return { unresolved: missing + different + changed, changed };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Refusal } from "../../engine/ports.ts";
import { type CacheEntry, refusal } from "./cache-entry.ts";
import { type Failure, failureOf } from "../failure.ts";
import type { KvStore } from "../kv-store.ts";

export interface WriteEnd {
  readonly refused: readonly Refusal[];
  /** When all of them are refused for one reason that is not theirs. */
  readonly failure?: Failure | undefined;
}

/** As LightRAG's own stores wait: a server that restarts is back before they end. In milliseconds. */
export const usualWaits: readonly number[] = [500, 1000, 2000, 4000, 8000];
const shortWaits: readonly number[] = [200, 1000];

/**
 * Writes the entries; each of them is durable afterwards, or refused with its reason. Waits while the target is away.
 * When the target takes them together no longer, halves of them are tried, so that one bad entry costs none of the
 * others. Rejects with AbortError when `signal` aborts a wait.
 */
export async function writeEntries(
  store: KvStore,
  entries: readonly CacheEntry[],
  signal: AbortSignal,
  waits: readonly number[] = usualWaits,
): Promise<WriteEnd> {
  for (let tries = 0; ; tries++) {
    try {
      return { refused: await store.write(entries) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "records") return writeApart(store, entries, failure, signal);
      if (failure.kind === "all") return allRefused(entries, failure);
      const wait = waits[tries];
      if (wait === undefined) {
        // what ends the connection each time may be one of the entries
        return (await answers(store)) ? writeApart(store, entries, failure, signal) : allRefused(entries, failure);
      }
      await sleep(wait, undefined, { signal });
    }
  }
}

async function writeApart(
  store: KvStore,
  entries: readonly CacheEntry[],
  failure: Failure,
  signal: AbortSignal,
): Promise<WriteEnd> {
  if (entries.length === 1) return { refused: [refusal(entries[0]!.key, failure.type, failure.message)] };
  const middle = Math.ceil(entries.length / 2);
  const first = await writeEntries(store, entries.slice(0, middle), signal, shortWaits);
  const second = await writeEntries(store, entries.slice(middle), signal, shortWaits);
  const failures = first.failure !== undefined && second.failure !== undefined;
  return { refused: [...first.refused, ...second.refused], failure: failures ? first.failure : undefined };
}

function allRefused(entries: readonly CacheEntry[], failure: Failure): WriteEnd {
  return { refused: entries.map(({ key }) => refusal(key, failure.type, failure.message)), failure };
}

async function answers(store: KvStore): Promise<boolean> {
  return store.get(["default:extract:"]).then(
    () => true,
    () => false,
  );
}

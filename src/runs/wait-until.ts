import { pollUntil } from "../engine/poll-until.ts";
import type { Run } from "./run.ts";
import type { WaitCause } from "./waits.ts";

const everyMillis = 1000;

/**
 * Resolves when `isSo` answers true. It is asked at once and then every second, never while the run is paused; as long
 * as it is not so, the run says that it waits, and why. Rejects with AbortError when stopped meanwhile.
 */
export async function waitUntil(
  { pacing, waits }: Pick<Run, "pacing" | "waits">,
  why: { readonly cause: WaitCause; readonly text: string },
  signal: AbortSignal,
  isSo: () => Promise<boolean>,
): Promise<void> {
  let goOn: (() => void) | undefined;
  const ask = async (): Promise<true | undefined> => {
    await pacing.unpaused(signal);
    if (await isSo()) return true;
    goOn ??= waits.begin(why.cause, why.text);
    return undefined;
  };
  try {
    await pollUntil(ask, { everyMillis, signal });
  } finally {
    goOn?.();
  }
}

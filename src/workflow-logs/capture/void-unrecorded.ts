import { advanceGaps, markInstalling } from "../state/capture.ts";
import { voidProofsAfterGap } from "../state/validate/proofs.ts";
import type { Connections } from "../connections.ts";
import { captureState } from "./status.ts";

/**
 * Call at the start of every run: nothing counts as proven that was proven before a write went unrecorded. A captured
 * table that has lost its triggers is such a gap, and capture counts as installed again only when it has been.
 */
export async function voidUnrecorded({ postgres, state }: Pick<Connections, "postgres" | "state">): Promise<void> {
  const { installed, installedAt } = await captureState({ postgres, state });
  if (installedAt !== null && !installed) {
    await advanceGaps(state);
    await markInstalling(state);
  }
  await voidProofsAfterGap(state);
}

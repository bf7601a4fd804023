import { dropFunction, dropTriggers, inspectCapture } from "./capture-triggers.ts";
import { withTableLock } from "../../stores/postgres/table-lock.ts";
import { discardWaiting, markUninstalled } from "../state/capture.ts";
import { upgradeState } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { capturedTables, requireOwner } from "./captured-tables.ts";
import { alone, type CaptureWatch, lockWait } from "./install.ts";

export interface UninstallReport {
  /** Tables that had triggers of ours. */
  readonly removed: readonly string[];
  /** Entries that waited to be applied and were forgotten. */
  readonly discarded: number;
}

/**
 * Afterwards nothing of ours is on the platform's tables and no entry waits. Waits for the tables as installCapture
 * does, and throws AppError as it does; the same call goes on then.
 */
export async function uninstallCapture(
  { postgres, state }: Pick<Connections, "postgres" | "state">,
  watch: CaptureWatch,
): Promise<UninstallReport> {
  const captured = await capturedTables(postgres);
  await requireOwner(postgres, captured);
  await upgradeState(state);
  return alone(postgres, async () => {
    const removed: string[] = [];
    await markUninstalled(state);
    for (const one of captured) {
      const { present } = await inspectCapture(postgres, one);
      if (present.length > 0) {
        const drop = (client: Parameters<typeof dropTriggers>[0]) => dropTriggers(client, one);
        await withTableLock(postgres, one.table, "access exclusive", drop, lockWait(watch));
        removed.push(one.table.name);
      }
      await dropFunction(postgres, one);
    }
    return { removed, discarded: await discardWaiting(state) };
  });
}

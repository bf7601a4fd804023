import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import { AdvisoryLocks } from "../../stores/postgres/advisory-locks.ts";
import type { CapturedTable } from "./capture-function.ts";
import { addTriggers, inspectCapture, replaceFunction } from "./capture-triggers.ts";
import { type LockWait, withTableLock } from "../../stores/postgres/table-lock.ts";
import { markInstalled, markInstalling, readCapture } from "../state/capture.ts";
import { requireSchemaAccess } from "../state/schema-access.ts";
import { upgradeAndHandOver } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { capturedTables, requireCapturable, requireOwner } from "./captured-tables.ts";

// src/workflow-logs/capture owns the triggers that note what the platform writes, and how far those notes can be
// trusted. Applying them is up to dirty/. It never changes a row of the platform.

export interface CaptureWatch {
  readonly signal: AbortSignal;
  readonly progress: Pick<ProgressSink, "note">;
  /** How long each table is waited for at most. */
  readonly giveUpAfterMillis?: number;
}

export interface InstallReport {
  readonly installedAt: string;
  /** Tables that had no capture, or not all of it, before. */
  readonly added: readonly string[];
  /** Tables that had it. */
  readonly present: readonly string[];
}

/**
 * Afterwards every write into the log tables is recorded, also those of transactions that began before. Waits for
 * transactions that have written into a table and not ended, never so that others wait long behind it. Throws AppError
 * when one holds a table too long; the same call goes on then.
 */
export async function installCapture(
  { postgres, state }: Pick<Connections, "postgres" | "state">,
  watch: CaptureWatch,
): Promise<InstallReport> {
  const captured = await capturedTables(postgres);
  await requireCapturable(postgres, captured);
  await requireOwner(postgres, captured);
  await requireSchemaAccess(postgres);
  await upgradeAndHandOver(state);
  return alone(postgres, async () => {
    const before = await Promise.all(captured.map((one) => inspectCapture(postgres, one)));
    const { installedAt: earlier } = await readCapture(state);
    const isWhole = earlier !== null && before.every(({ isFiring }) => isFiring);
    if (!isWhole) await markInstalling(state);
    for (const [at, one] of captured.entries()) {
      if (!before[at]!.isCurrent) await replaceFunction(postgres, one);
      if (!before[at]!.isFiring) await install(postgres, one, watch);
    }
    if (!isWhole) await markInstalled(state);
    const { installedAt } = await readCapture(state);
    const names = (firing: boolean) =>
      captured.filter((_, at) => before[at]!.isFiring === firing).map(({ table }) => table.name);
    return { installedAt: installedAt!, added: names(false), present: names(true) };
  });
}

function install(postgres: Pool, captured: CapturedTable, watch: CaptureWatch): Promise<void> {
  return withTableLock(
    postgres,
    captured.table,
    "share row exclusive",
    (client) => addTriggers(client, captured),
    lockWait(watch),
  );
}

export function lockWait({ signal, progress, giveUpAfterMillis = 60_000 }: CaptureWatch): LockWait {
  return { signal, giveUpAfterMillis, onWait: (holders) => progress.note(`Waiting: ${holders}`) };
}

/** Does `work` while nobody else installs or uninstalls. */
export async function alone<T>(postgres: Pool, work: () => Promise<T>): Promise<T> {
  const locks = await AdvisoryLocks.open(postgres);
  try {
    if (await locks.tryLock("log_archive:capture")) return await work();
    throw new AppError("capture_busy", "Another capture install or uninstall is under way. Nothing was changed.", {
      hint: "Wait until it has ended, then run the same command again.",
    });
  } finally {
    locks.close();
  }
}

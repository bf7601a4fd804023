import { readSections } from "../../../config/read-sections.ts";
import type { BackupReport } from "../../../layra/backup/backup.ts";
import type { BackupPlan } from "../../../layra/backup/schedule.ts";
import { noProgress } from "../../../runs/progress.ts";
import type { CommandContext } from "../../context.ts";
import { backupConfig, openPlace, withStoresAndHome } from "./place.ts";

const timeoutSeconds = 60;

/**
 * Backs up as the plan says. The variables of the stores are read now: a worker without any backups needs none of them.
 * @throws ConfigError, and what `backup` throws
 */
export async function backUpPlanned(
  context: CommandContext,
  { to, only, keep }: BackupPlan,
  signal: AbortSignal,
): Promise<BackupReport> {
  const { backup } = await import("../../../layra/backup/backup.ts");
  const { parseKeep } = await import("../../../layra/backup/retention.ts");
  const own = { ...context, signal, config: readSections(backupConfig, context.env) };
  const place = await openPlace(own, to);
  const options = { only, keep: keep === undefined ? undefined : parseKeep(keep) };
  return withStoresAndHome(own, timeoutSeconds, (stores, home) =>
    backup(stores, place, home, options, { signal, progress: context.hooks.watch(noProgress) }),
  );
}

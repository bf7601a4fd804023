import { backupIds, isComplete, loadProgress, sealFile, timeOf } from "./manifest.ts";
import type { BackupPlace } from "./place.ts";

/** The newest backup of each of the last so many days, weeks or months that have one. */
export interface KeepRule {
  readonly count: number;
  readonly unit: "d" | "w" | "m";
}

/** `7d,4w,12m`; undefined when it is none. */
export function parseKeep(text: string): KeepRule[] | undefined {
  const rules = text.split(",").map((part) => /^([1-9]\d{0,3})([dwm])$/.exec(part.trim()));
  if (rules.some((rule) => rule === null)) return undefined;
  return rules.map((rule) => ({ count: Number(rule![1]), unit: rule![2] as KeepRule["unit"] }));
}

/** Of ids of finished backups, those that a rule keeps. The newest one always is. */
export function keptIds(ids: readonly string[], rules: readonly KeepRule[]): Set<string> {
  const newestFirst = ids.toSorted().toReversed();
  const kept = new Set(newestFirst.slice(0, 1));
  for (const { count, unit } of rules) {
    const seen = new Set<string>();
    for (const id of newestFirst) {
      const period = periodOf(timeOf(id), unit);
      if (seen.has(period)) continue;
      if (seen.size === count) break;
      seen.add(period);
      kept.add(id);
    }
  }
  return kept;
}

const dayMillis = 24 * 3600 * 1000;

/** In UTC; weeks begin on Monday. */
function periodOf(time: Date, unit: KeepRule["unit"]): string {
  if (unit === "m") return time.toISOString().slice(0, 7);
  const day = Math.floor(time.getTime() / dayMillis);
  return unit === "d" ? String(day) : String(Math.floor((day + 3) / 7)); // day 0 was a Thursday
}

/**
 * Deletes finished backups of the same stores that no rule keeps, after the backup `done`, which stays whatever they
 * say; and what was never finished and is too old to go on. Backups of other stores are none of its business.
 */
export async function forgetOld(place: BackupPlace, rules: readonly KeepRule[], done: string): Promise<string[]> {
  const own = (await loadProgress(place, done))?.stores.join();
  const finished: string[] = [];
  const abandoned: string[] = [];
  for (const id of await backupIds(place)) {
    if ((await loadProgress(place, id))?.stores.join() !== own) continue;
    if (await isComplete(place, id)) finished.push(id);
    else if (timeOf(done).getTime() - timeOf(id).getTime() > dayMillis) abandoned.push(id);
  }
  const kept = keptIds(finished, rules).add(done);
  const old = [...finished.filter((id) => !kept.has(id)), ...abandoned];
  for (const id of old) await place.deleteFolder(id, sealFile);
  return old;
}

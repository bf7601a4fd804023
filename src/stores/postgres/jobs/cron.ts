import { UsageError } from "../../../engine/errors.ts";
import type { Pool } from "../connection/pool.ts";
import { openBoss } from "./open-boss.ts";

export interface Recurrence {
  /** Five fields, or six with seconds before them. */
  readonly cron: string;
  /** A name of the IANA time zone database. */
  readonly timezone: string;
}

/**
 * The next times after `from`. Throws UsageError for what is no cron expression, and for a time zone that does not
 * exist; asks no table.
 */
export async function nextTimes(pool: Pool, recurrence: Recurrence, count = 3, from = new Date()): Promise<Date[]> {
  requireFields(recurrence.cron);
  requireTimeZone(recurrence.timezone);
  const boss = await openBoss(pool);
  try {
    return boss.previewSchedule(recurrence.cron, { tz: recurrence.timezone, count, from });
  } catch (cause) {
    throw wrongCron(recurrence.cron, (cause as Error).message);
  }
}

/**
 * The expressions that together have the times of `cron`, one for each second of the minute, by that second. pg-boss
 * starts a schedule once a minute at most: each of these is a schedule of its own.
 */
export async function byMinute(pool: Pool, cron: string): Promise<Map<number, string>> {
  const fields = requireFields(cron);
  const seconds = fields.length === 6 ? await secondsOf(pool, fields[0]!) : [0];
  const minutes = fields.slice(-5).join(" ");
  return new Map(seconds.map((second) => [second, `${second} ${minutes}`]));
}

async function secondsOf(pool: Pool, field: string): Promise<number[]> {
  const minute = Date.UTC(2000, 0, 1);
  const from = new Date(minute - 1);
  const times = await nextTimes(pool, { cron: `${field} * * * * *`, timezone: "UTC" }, 60, from);
  return times.map((time) => (time.getTime() - minute) / 1000).filter((second) => second < 60);
}

/**
 * cron-parser also takes fewer fields, which it completes, and H, a time of its own choice: nobody should have to guess
 * when indices go.
 */
function requireFields(cron: string): string[] {
  const fields = cron.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 6) throw wrongCron(cron, "it needs five fields, or six with seconds first");
  if (fields.some((field) => /^h/i.test(field))) throw wrongCron(cron, "H is no time");
  return fields;
}

function wrongCron(cron: string, reason: string): UsageError {
  return new UsageError("invalid_cron", `${JSON.stringify(cron)} is no cron expression: ${reason}.`, {
    hint: 'Give minute, hour, day, month and day of the week, such as "0 3 * * *" for every day at three. Nothing was changed.',
  });
}

/** cron-parser takes "local" too, which is another zone on each machine that a worker runs on. */
function requireTimeZone(timezone: string): void {
  try {
    Intl.DateTimeFormat("en", { timeZone: timezone }).format();
  } catch (cause) {
    throw new UsageError("invalid_timezone", `There is no time zone ${JSON.stringify(timezone)}.`, {
      cause,
      hint: "Give a name of the IANA database, such as Asia/Shanghai or UTC. Nothing was changed.",
    });
  }
}

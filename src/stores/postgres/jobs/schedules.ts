import type { Pool } from "../connection/pool.ts";
import { byMinute, type Recurrence } from "./cron.ts";
import { ensureQueue } from "./job-queue.ts";
import { withBoss } from "./open-boss.ts";

/**
 * Afterwards workers start a job of the queue at each of these times and at no other; one that all workers missed is
 * made up for once. `data` goes with the schedule. Throws UsageError for a wrong expression or zone, and AppError when
 * the role may not make the tables.
 */
export async function setSchedule(pool: Pool, queue: string, recurrence: Recurrence, data: object): Promise<void> {
  const { timezone } = recurrence;
  const wanted = new Map(
    [...(await byMinute(pool, recurrence.cron))].map(([second, cron]) => [`second-${second}`, cron]),
  );
  await withBoss(pool, async (boss) => {
    await ensureQueue(boss, queue);
    // A row that changes is made anew: what is missed counts from when a row was made, and the new times were not
    // missed before that.
    for (const row of await boss.getSchedules(queue)) {
      if (wanted.get(row.key) !== row.cron || row.timezone !== timezone) await boss.unschedule(queue, row.key);
    }
    for (const [key, cron] of wanted) await boss.schedule(queue, cron, data, { key, tz: timezone, missed: "once" });
  });
}

/** Afterwards no job of the queue is scheduled and none waits. One that is being worked on is left to its worker. */
export async function removeSchedule(pool: Pool, queue: string): Promise<void> {
  await withBoss(pool, async (boss) => {
    await ensureQueue(boss, queue);
    for (const { key } of await boss.getSchedules(queue)) await boss.unschedule(queue, key);
    await boss.deleteQueuedJobs(queue);
  });
}

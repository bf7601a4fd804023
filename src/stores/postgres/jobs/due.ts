import type { Pool } from "../connection/pool.ts";
import { nextTimes, type Recurrence } from "./cron.ts";
import { readQueue } from "./read-jobs.ts";

/**
 * What the schedule of the queue was made with, for a job made at `at`; undefined when somebody took the schedule away,
 * and when none of its times had come since it was made: pg-boss starts a new schedule for the minute before, too.
 */
export async function dueData<Data extends Recurrence>(pool: Pool, queue: string, at: Date): Promise<Data | undefined> {
  const found = await readQueue<Data>(pool, queue);
  if (found === undefined) return undefined;
  const [first] = await nextTimes(pool, found.data, 1, new Date(found.since));
  return first! <= at ? found.data : undefined;
}

import type { Pool } from "../connection/pool.ts";
import { jobSchema } from "./open-boss.ts";

/** `died`: its worker is silent, and another has not taken it up yet. */
export type JobState = "waiting" | "running" | "died" | "retrying" | "completed" | "failed" | "cancelled";

export interface JobRecord {
  readonly id: string;
  readonly state: JobState;
  readonly createdAt: string;
  /** Of the last attempt. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** When it is tried again. */
  readonly retryAt: string | null;
  readonly attempts: number;
  /** What its work returned, or how its last attempt failed. */
  readonly output: object | null;
}

export interface QueueRecord<Data> {
  /** What the schedule was made with. */
  readonly data: Data;
  /** Since when it comes at these times. */
  readonly since: string;
  /** When a worker last looked for what is due; workers do every second. */
  readonly workerSeenAt: string | null;
  readonly last: JobRecord | null;
  readonly lastFailed: JobRecord | null;
}

/**
 * The schedule of a queue and how its jobs fared; undefined where nothing is scheduled. Read from the tables of pg-boss
 * themselves: it would have to be started for that, which writes, and lists jobs by id or all of them.
 */
export async function readQueue<Data>(pool: Pool, queue: string): Promise<QueueRecord<Data> | undefined> {
  const installed = await pool.query<{ found: string | null }>("select to_regclass($1)::text as found", [
    `${jobSchema}.schedule`,
  ]);
  if (installed.rows[0]!.found === null) return undefined;
  const schedules = await pool.query<{ data: Data; since: string; workerSeenAt: string | null }>(
    `select data, ${iso("created_on")} as since, ${iso("cron_on")} as "workerSeenAt"
     from ${jobSchema}.schedule, ${jobSchema}.version where name = $1 order by created_on limit 1`,
    [queue],
  );
  const schedule = schedules.rows[0];
  if (schedule === undefined) return undefined;
  return {
    ...schedule,
    last: await newestJob(pool, queue, "true"),
    lastFailed: await newestJob(pool, queue, "state = 'failed'"),
  };
}

async function newestJob(pool: Pool, queue: string, condition: string): Promise<JobRecord | null> {
  const { rows } = await pool.query<JobRecord>(
    `select id, ${state} as state, output,
       ${iso("created_on")} as "createdAt", ${iso("started_on")} as "startedAt", ${iso("completed_on")} as "finishedAt",
       case when state = 'retry' then ${iso("start_after")} end as "retryAt",
       case when started_on is null then 0 else retry_count + 1 end as attempts
     from ${jobSchema}.job where name = $1 and ${condition} order by created_on desc, id desc limit 1`,
    [queue],
  );
  return rows[0] ?? null;
}

const state = `case state::text
  when 'created' then 'waiting'
  when 'retry' then 'retrying'
  when 'active' then case when heartbeat_on + heartbeat_seconds * interval '1 second' < now() then 'died' else 'running' end
  else state::text end`;

function iso(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

import { type RawBuilder, sql } from "kysely";
import { parseInstant } from "../../records/instants.ts";
import { allOf } from "../../records/log-table.ts";
import type { PostgresRecords } from "../../records/postgres-records.ts";
import { listOf, timeZoneName } from "../check-query.ts";
import type { UserDay } from "../run-reads.ts";
import type { StatisticsQuery } from "./run-statistics.ts";
import type { WorkflowRun } from "../workflow-run.ts";

type Runs = PostgresRecords<WorkflowRun>;

export async function dailyRuns(runs: Runs, query: StatisticsQuery): Promise<{ date: string; runs: number }[]> {
  const days = await byDay(runs, query, sql`count(*)`);
  return days.map(({ date, value }) => ({ date, runs: Number(value) }));
}

export async function dailyTerminals(
  runs: Runs,
  query: StatisticsQuery,
): Promise<{ date: string; terminalCount: number }[]> {
  const days = await byDay(runs, query, sql`count(distinct t.created_by)`);
  return days.map(({ date, value }) => ({ date, terminalCount: Number(value) }));
}

export async function dailyTokens(runs: Runs, query: StatisticsQuery): Promise<{ date: string; tokenCount: bigint }[]> {
  const days = await byDay(runs, query, sql`sum(t.total_tokens)`);
  return days.map(({ date, value }) => ({ date, tokenCount: BigInt(value) }));
}

export async function averageInteractions(
  runs: Runs,
  query: StatisticsQuery,
): Promise<{ date: string; interactions: number }[]> {
  // the average over the day's users of their numbers of runs
  const days = await byDay(runs, query, sql`round(count(*)::numeric / count(distinct t.created_by), 2)`);
  return days.map(({ date, value }) => ({ date, interactions: Number(value) }));
}

export async function usersByDay(runs: Runs, query: StatisticsQuery): Promise<UserDay[]> {
  const groups = await byDay(runs, query, sql`count(*)`, sql`t.created_by::text`);
  return groups.map(({ date, by, value }) => ({ date, user: by, runs: Number(value) }));
}

/** One value for each local day that has runs, and for each `by` of it. Infinite times are of no day. */
async function byDay(
  runs: Runs,
  { tenantId, appId, triggeredFrom, startDate, endDate, timezone }: StatisticsQuery,
  value: RawBuilder<unknown>,
  by: RawBuilder<unknown> = sql`''`,
): Promise<{ date: string; by: string; value: string }[]> {
  const table = await runs.table();
  const local = sql`(${table.createdInstant()} at time zone ${timeZoneName(timezone)})`;
  const conditions = [
    table.is("tenantId", tenantId),
    table.is("appId", appId),
    table.isOneOf("triggeredFrom", listOf(triggeredFrom)),
    sql`isfinite(${table.column("createdAt")})`,
    ...(startDate === undefined ? [] : [table.createdFrom(parseInstant(startDate))]),
    ...(endDate === undefined ? [] : [table.createdBefore(parseInstant(endDate))]),
  ];
  const { rows } = await sql<{ date: string; by: string; value: string }>`
    select to_char(${local}, 'YYYY-MM-DD') as date, ${by} as by, ${value}::text as value
      from ${table.name} t where ${allOf(conditions)} group by 1, 2 order by 1`.execute(runs.db);
  return rows;
}

import type { ElasticsearchRecords } from "../../records/elasticsearch-records.ts";
import { type DayGroup, type DayQuery, dayGroups, dayQuery } from "./run-day-groups.ts";
import type { UserDay } from "../run-reads.ts";
import type { StatisticsQuery } from "./run-statistics.ts";
import { averagesOf, terminalsOf } from "./user-days.ts";
import type { WorkflowRun } from "../workflow-run.ts";

type Runs = ElasticsearchRecords<WorkflowRun>;

export async function dailyRuns(runs: Runs, query: StatisticsQuery): Promise<{ date: string; runs: number }[]> {
  const days = new Map<string, number>();
  for await (const { date, count } of dayGroups(await dayQuery(runs, query))) {
    days.set(date, (days.get(date) ?? 0) + count);
  }
  return Array.from(days, ([date, count]) => ({ date, runs: count })).toSorted(byDate);
}

export async function dailyTerminals(
  runs: Runs,
  query: StatisticsQuery,
): Promise<{ date: string; terminalCount: number }[]> {
  return terminalsOf(await usersByDay(runs, query));
}

export async function averageInteractions(
  runs: Runs,
  query: StatisticsQuery,
): Promise<{ date: string; interactions: number }[]> {
  return averagesOf(await usersByDay(runs, query));
}

/** One by one: a cardinality aggregation only estimates. */
export async function usersByDay(runs: Runs, query: StatisticsQuery): Promise<UserDay[]> {
  const days: UserDay[] = [];
  for await (const { date, value, count } of dayGroups(await dayQuery(runs, query), "created_by"))
    days.push({ date, user: String(value), runs: count });
  return days;
}

export async function dailyTokens(runs: Runs, query: StatisticsQuery): Promise<{ date: string; tokenCount: bigint }[]> {
  const scope = await dayQuery(runs, query);
  const days = (await sumsByServer(scope)) ?? (await sumsByValue(scope));
  return Array.from(days, ([date, tokenCount]) => ({ date, tokenCount })).toSorted(byDate);
}

/** Elasticsearch adds in doubles: undefined when a sum may have gone where they are not exact, 2^53 and beyond. */
async function sumsByServer(scope: DayQuery): Promise<Map<string, bigint> | undefined> {
  const days = new Map<string, bigint>();
  for await (const { date, tokens } of dayGroups(scope, undefined, { tokens: { stats: { field: "total_tokens" } } })) {
    if (tokens === undefined || !isExact(tokens)) return undefined;
    days.set(date, (days.get(date) ?? 0n) + BigInt(tokens.sum));
  }
  return days;
}

function isExact({ count, min, max }: NonNullable<DayGroup["tokens"]>): boolean {
  return count * Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0)) < Number.MAX_SAFE_INTEGER;
}

/** How often each number of tokens occurs, added up here. */
async function sumsByValue(scope: DayQuery): Promise<Map<string, bigint>> {
  const days = new Map<string, bigint>();
  for await (const { date, value, count } of dayGroups(scope, "total_tokens")) {
    days.set(date, (days.get(date) ?? 0n) + BigInt(value as number | bigint) * BigInt(count));
  }
  return days;
}

function byDate(a: { date: string }, b: { date: string }): number {
  return a.date < b.date ? -1 : Number(a.date > b.date);
}

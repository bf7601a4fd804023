import { UsageError } from "../../../engine/errors.ts";
import { parseInstant } from "../records/instants.ts";
import type { AppLogPage, AppLogPageQuery, AppLogQuery } from "./app-log-repository.ts";

const largestPage = 99_999;
const largestLimit = 100;

export interface PageOf {
  readonly page: number;
  readonly limit: number;
  readonly offset: number;
}

export function pageOf({ page = 1, limit = 20 }: AppLogPageQuery): PageOf {
  requireWithin("page", page, largestPage);
  requireWithin("limit", limit, largestLimit);
  return { page, limit, offset: (page - 1) * limit };
}

function requireWithin(name: string, value: number, largest: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= largest) return;
  throw new UsageError(`invalid_${name}`, `${value} is no ${name}.`, { hint: `Give 1 to ${largest}.` });
}

export function appLogPage({ page, limit }: PageOf, total: number, data: AppLogPage["data"]): AppLogPage {
  return { page, limit, total, hasMore: total > page * limit, data };
}

/** Bounds of created_at, inclusive and exclusive. */
export function boundsOf({ createdAtAfter, createdAtBefore }: AppLogQuery): {
  from?: string | undefined;
  to?: string | undefined;
} {
  return {
    from: createdAtAfter === undefined ? undefined : parseInstant(createdAtAfter),
    to: createdAtBefore === undefined ? undefined : justAfter(parseInstant(createdAtBefore)),
  };
}

/** The next microsecond, the first that an inclusive bound leaves out; undefined behind the last of the year 9999. */
function justAfter(instant: string): string | undefined {
  const seconds = instant.slice(0, 19);
  const micros = Number(instant.slice(20, 26)) + 1;
  if (micros < 1_000_000) return `${seconds}.${String(micros).padStart(6, "0")}Z`;
  const next = new Date(Date.parse(`${seconds}Z`) + 1000).toISOString();
  return next.startsWith("+") ? undefined : `${next.slice(0, 19)}.000000Z`;
}

/** Undefined where there is nothing to look for. */
export function keywordOf({ keyword }: AppLogQuery): string | undefined {
  return keyword === undefined || keyword.trim() === "" ? undefined : keyword;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The run that a keyword names, if it is an id. */
export function runIdOf(keyword: string): string | undefined {
  return uuid.test(keyword.trim()) ? keyword.trim().toLowerCase() : undefined;
}

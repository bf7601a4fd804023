import { z } from "zod";
import type { SearchFilters } from "../../workflow-logs/search/search-filters.ts";
import { repeated, toggle, value } from "./flags.ts";
import { anyText, option } from "./values.ts";

const texts = z.array(anyText).default([]);
const seconds = option("a number of seconds, such as 30 or 0.5", (text) =>
  /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined,
);

/** Statuses of runs and of node executions that went wrong. */
const failedStatuses = ["failed", "exception"];

/** The flags by which search and export choose logs; make SearchFilters of them with filtersOf. */
export const filterFlags = {
  status: repeated("only logs with this status", texts),
  failed: toggle(`only what failed: status ${failedStatuses.join(" or ")}`),
  appId: repeated("only of this app", texts),
  workflowId: repeated("only of this workflow", texts),
  user: repeated("only what this user started: the id of an end user or account", texts),
  session: value("only what the end user with this session id started", anyText.optional()),
  account: value("only what the account with this e-mail address started", anyText.optional()),
  longerThan: value("only runs and nodes that took at least so many seconds", seconds.optional()),
  shorterThan: value("only runs and nodes that took at most so many seconds", seconds.optional()),
};

interface FilterOptions {
  readonly status: readonly string[];
  readonly failed?: true | undefined;
  readonly appId: readonly string[];
  readonly workflowId: readonly string[];
  readonly user: readonly string[];
  readonly session?: string | undefined;
  readonly account?: string | undefined;
  readonly longerThan?: number | undefined;
  readonly shorterThan?: number | undefined;
}

export function filtersOf(options: FilterOptions): SearchFilters {
  return {
    statuses: [...options.status, ...(options.failed === true ? failedStatuses : [])],
    appIds: options.appId,
    workflowIds: options.workflowId,
    userIds: options.user,
    sessionId: options.session,
    account: options.account,
    minSeconds: options.longerThan,
    maxSeconds: options.shorterThan,
  };
}

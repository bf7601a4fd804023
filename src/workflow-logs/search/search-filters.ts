import type { estypes } from "@elastic/elasticsearch";
import type { Scope } from "../partitions/scope.ts";
import { createdWithin } from "../repositories/records/ordered-documents.ts";
import { type People, peopleOf } from "./people.ts";

/**
 * What a log has to have beside its words. Empty lists and what is left out ask for nothing; all that is asked has to
 * hold.
 */
export interface SearchFilters {
  /** Only logs with one of these. Of an app log, that of its run. */
  readonly statuses: readonly string[];
  readonly appIds?: readonly string[] | undefined;
  readonly workflowIds?: readonly string[] | undefined;
  /** Ids of end users and accounts: who started the run. */
  readonly userIds?: readonly string[] | undefined;
  /** What the end users of this session id started. */
  readonly sessionId?: string | undefined;
  /** What the account with this e-mail address started. */
  readonly account?: string | undefined;
  /** Seconds, inclusive. App logs have no duration, so either leaves them out. */
  readonly minSeconds?: number | undefined;
  readonly maxSeconds?: number | undefined;
}

type Clause = estypes.QueryDslQueryContainer;

/** Whether anything is asked for, so that a search needs no words. */
export function narrows({ statuses, ...others }: SearchFilters): boolean {
  return statuses.length > 0 || Object.values(others).some((value) => value !== undefined && !isEmptyList(value));
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The conditions on a document. `people` says where those of a session or an address are looked for. */
export async function filterClauses(people: People, scope: Scope, filters: SearchFilters): Promise<Clause[]> {
  const { statuses, appIds, workflowIds, userIds, sessionId, account, minSeconds: gte, maxSeconds: lte } = filters;
  const within = { from: scope.start && isoInstant(scope.start), to: scope.end && isoInstant(scope.end) };
  const ofTenants = scope.tenantIds.length > 0 ? [{ terms: { tenant_id: [...scope.tenantIds] } }] : [];
  const asked = [
    ...(sessionId === undefined ? [] : [["session", sessionId] as const]),
    ...(account === undefined ? [] : [["account", account] as const]),
  ];
  const found = await Promise.all(asked.map(([kind, name]) => peopleOf(people, kind, name)));
  return [
    ...ofTenants,
    ...createdWithin(within),
    ...oneOf(["status", "archive.run.status"], statuses),
    ...oneOf(["app_id"], appIds),
    ...oneOf(["workflow_id"], workflowIds),
    ...oneOf(["created_by"], userIds),
    ...found.map((users): Clause => (users.length === 0 ? { match_none: {} } : { terms: { created_by: users } })),
    ...(gte === undefined && lte === undefined ? [] : [{ range: { elapsed_time: { gte, lte } } }]),
  ];
}

function oneOf(fields: readonly string[], values: readonly string[] = []): Clause[] {
  if (values.length === 0) return [];
  const should = fields.map((field) => ({ terms: { [field]: [...values] } }));
  return [{ bool: { should, minimum_should_match: 1 } }];
}

function isoInstant(text: string): string {
  return `${text.replace(" ", "T")}Z`;
}

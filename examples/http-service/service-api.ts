import type { IncomingMessage } from "node:http";
import { type AppLogEntry, type OpenArchive, UsageError, type WorkflowRun } from "log-archive";

// The log endpoints of Dify's service API, with its own keys and in its own shapes, over both stores. Source of the
// shapes: docs.dify.ai, "List Workflow Logs" and "Get Workflow Run Detail".

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface OfApp {
  readonly tenantId: string;
  readonly appId: string;
}

const runPath = /^\/v1\/workflows\/run\/([^/]+)$/;

/** Undefined for what is none of these endpoints. */
export async function serviceApi(
  archive: OpenArchive,
  request: IncomingMessage,
  url: URL,
): Promise<Answer | undefined> {
  const [, runId] = runPath.exec(url.pathname) ?? [];
  if (request.method !== "GET" || (runId === undefined && url.pathname !== "/v1/workflows/logs")) return undefined;
  const of = await appOfKey(archive, request.headers.authorization);
  if (of === undefined) return refusal(401, "unauthorized", "Access token is invalid");
  try {
    return runId === undefined
      ? { status: 200, body: await logs(archive, of, url.searchParams) }
      : await run(archive, of, decodeURIComponent(runId));
  } catch (error) {
    if (error instanceof UsageError) return refusal(400, "invalid_param", error.message);
    throw error;
  }
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { code, message, status } };
}

/** Whose key it is, as Dify looks it up. */
async function appOfKey({ connections }: OpenArchive, authorization: string | undefined): Promise<OfApp | undefined> {
  const [, key] = /^Bearer (\S+)$/i.exec(authorization ?? "") ?? [];
  if (key === undefined) return undefined;
  const { rows } = await connections.postgres.query<OfApp>(
    `SELECT apps.tenant_id AS "tenantId", apps.id AS "appId" FROM api_tokens JOIN apps ON apps.id = api_tokens.app_id
      WHERE api_tokens.type = 'app' AND api_tokens.token = $1`,
    [key],
  );
  return rows[0];
}

async function logs(archive: OpenArchive, of: OfApp, query: URLSearchParams): Promise<object> {
  const text = (name: string): string | undefined => query.get(name) ?? undefined;
  const page = Number(query.get("page") ?? 1);
  const limit = Number(query.get("limit") ?? 20);
  const found = await archive.repositories.appLogs.getPaginatedAppLogs({
    ...of,
    keyword: text("keyword"),
    status: text("status"),
    createdAtAfter: text("created_at__after"),
    createdAtBefore: text("created_at__before"),
    createdByEndUserSessionId: text("created_by_end_user_session_id"),
    createdByAccount: text("created_by_account"),
    page,
    limit,
  });
  const people = await peopleOf(archive, found.data);
  const data = found.data.map((log) => shownLog(log, people));
  return { page, limit, total: found.total, has_more: page * limit < found.total, data };
}

interface Person {
  readonly type?: string;
  readonly is_anonymous?: boolean;
  readonly name?: string;
}

/** What the platform knows of those who started the runs, by their ids. */
async function peopleOf({ connections }: OpenArchive, found: readonly AppLogEntry[]): Promise<Map<string, Person>> {
  const { rows } = await connections.postgres.query<{ id: string; person: string }>(
    `SELECT id::text AS id, to_jsonb(e)::text AS person FROM end_users e WHERE id::text = ANY($1)
     UNION ALL SELECT id::text, jsonb_build_object('name', to_jsonb(a) -> 'name')::text FROM accounts a WHERE id::text = ANY($1)`,
    [found.map(({ createdBy }) => createdBy)],
  );
  return new Map(rows.map(({ id, person }) => [id, JSON.parse(person) as Person]));
}

function shownLog(log: AppLogEntry, people: ReadonlyMap<string, Person>): object {
  const { endUser, account, workflowRun } = log;
  const person = people.get(log.createdBy);
  return {
    id: log.id,
    workflow_run: workflowRun && {
      id: workflowRun.id,
      version: workflowRun.version,
      status: workflowRun.status,
      triggered_from: workflowRun.triggeredFrom,
      ...measured(workflowRun),
      exceptions_count: workflowRun.exceptionsCount ?? 0,
    },
    created_from: log.createdFrom,
    created_by_role: log.createdByRole,
    created_by_account: account && { id: account.id, name: person?.name ?? "", email: account.email },
    created_by_end_user: endUser && {
      id: endUser.id,
      type: person?.type ?? "",
      is_anonymous: person?.is_anonymous ?? false,
      session_id: endUser.sessionId,
    },
    created_at: seconds(log.createdAt),
  };
}

async function run({ repositories }: OpenArchive, { tenantId, appId }: OfApp, runId: string): Promise<Answer> {
  const found = await repositories.apiWorkflowRuns.getWorkflowRunById(tenantId, appId, runId);
  if (found === undefined) return refusal(404, "not_found", "Workflow run not found.");
  const { id, workflowId: workflow_id, status, inputs, outputs } = found;
  const contents = { inputs: parsed(inputs), outputs: parsed(outputs) ?? {} };
  return { status: 200, body: { id, workflow_id, status, ...contents, ...measured(found) } };
}

function measured(
  of: Pick<WorkflowRun, "error" | "elapsedTime" | "totalTokens" | "totalSteps" | "createdAt" | "finishedAt">,
) {
  return {
    error: of.error,
    elapsed_time: of.elapsedTime,
    total_tokens: of.totalTokens,
    total_steps: of.totalSteps ?? 0,
    created_at: seconds(of.createdAt),
    finished_at: of.finishedAt === null ? null : seconds(of.finishedAt),
  };
}

/** The text itself where it is no JSON. */
function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

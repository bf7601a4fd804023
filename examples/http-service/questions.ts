import type { AppLogPage, Repositories, RunPage } from "log-archive";

interface OfApp {
  readonly tenantId: string;
  readonly appId: string;
}

const triggers = ["app-run", "debugging", "webhook", "schedule", "plugin"];

export function listRuns({ apiWorkflowRuns }: Repositories, of: OfApp, query: URLSearchParams): Promise<RunPage> {
  return apiWorkflowRuns.getPaginatedWorkflowRuns({
    ...of,
    triggeredFrom: query.getAll("triggered_from").length > 0 ? query.getAll("triggered_from") : triggers,
    limit: number(query, "limit"),
    lastId: text(query, "last_id"),
    status: text(query, "status"),
  });
}

/** The run with its nodes; undefined when the app has no such run. */
export async function showRun(
  { apiWorkflowRuns, apiWorkflowNodeExecutions }: Repositories,
  { tenantId, appId }: OfApp,
  runId: string,
): Promise<object | undefined> {
  const run = await apiWorkflowRuns.getWorkflowRunById(tenantId, appId, runId);
  if (run === undefined) return undefined;
  return { ...run, nodes: await apiWorkflowNodeExecutions.getExecutionsByWorkflowRun(tenantId, appId, runId) };
}

export function listLogs({ appLogs }: Repositories, of: OfApp, query: URLSearchParams): Promise<AppLogPage> {
  return appLogs.getPaginatedAppLogs({
    ...of,
    keyword: text(query, "keyword"),
    status: text(query, "status"),
    createdAtAfter: text(query, "created_at__after"),
    createdAtBefore: text(query, "created_at__before"),
    createdByEndUserSessionId: text(query, "created_by_end_user_session_id"),
    createdByAccount: text(query, "created_by_account"),
    page: number(query, "page"),
    limit: number(query, "limit"),
  });
}

export async function showStatistics(
  { apiWorkflowRuns }: Repositories,
  of: OfApp,
  query: URLSearchParams,
): Promise<object> {
  const asked = {
    ...of,
    triggeredFrom: "app-run",
    startDate: text(query, "start"),
    endDate: text(query, "end"),
    timezone: text(query, "timezone"),
  };
  const [runs, terminals, tokens, interactions] = await Promise.all([
    apiWorkflowRuns.getDailyRunsStatistics(asked),
    apiWorkflowRuns.getDailyTerminalsStatistics(asked),
    apiWorkflowRuns.getDailyTokenCostStatistics(asked),
    apiWorkflowRuns.getAverageAppInteractionStatistics(asked),
  ]);
  return { runs, terminals, tokens, interactions };
}

function text(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}

/** The repositories refuse what is no number of theirs. */
function number(query: URLSearchParams, name: string): number | undefined {
  const given = query.get(name);
  return given === null ? undefined : Number(given);
}

import type { Connections } from "../../src/workflow-logs/connections.ts";
import { ElasticsearchApiWorkflowRunRepository } from "../../src/workflow-logs/repositories/workflow-runs/elasticsearch-api-workflow-run-repository.ts";
import { searchLogs } from "../../src/workflow-logs/search/search-logs.ts";
import { type BusiestApp, rareWord } from "./many-runs.ts";

/**
 * One thing that a page shows, answered by the archive and by the statement that Dify has for it, or that one would
 * write.
 */
export interface Question {
  readonly name: string;
  readonly archive: (turn: number) => Promise<unknown>;
  readonly sql: (turn: number) => Promise<unknown>;
}

const page = 20;

export async function questions(connections: Connections, app: BusiestApp): Promise<Question[]> {
  const { postgres } = connections;
  const { tenantId, appId, triggeredFrom } = app;
  const runs = new ElasticsearchApiWorkflowRunRepository(connections);
  const ofApp = "tenant_id = $1 and app_id = $2 and triggered_from = $3";
  const values = [tenantId, appId, triggeredFrom];
  const { rows: some } = await postgres.query<{ id: string; created: string }>(
    `select id, created_at::text as created from workflow_runs where ${ofApp} order by id limit 500`,
    values,
  );
  const one = (turn: number): { id: string; created: string } => some[turn % some.length]!;
  const search = (query: string) => () =>
    searchLogs(connections, {
      query,
      scope: { dataTypes: ["workflow_runs"], tenantIds: [tenantId] },
      statuses: [],
      limit: page,
      sort: "time",
    });
  const ilike = (word: string) => () =>
    postgres.query(
      `select * from workflow_runs where tenant_id = $1 and (inputs ilike $2 or outputs ilike $2 or error ilike $2)
        order by created_at desc limit ${page}`,
      [tenantId, `%${word}%`],
    );
  return [
    {
      name: `first page of ${page}`,
      archive: () => runs.getPaginatedWorkflowRuns({ tenantId, appId, triggeredFrom, limit: page }),
      sql: () =>
        postgres.query(`select * from workflow_runs where ${ofApp} order by created_at desc limit ${page + 1}`, values),
    },
    {
      name: `page of ${page} behind any run`,
      archive: (turn) =>
        runs.getPaginatedWorkflowRuns({ tenantId, appId, triggeredFrom, limit: page, lastId: one(turn).id }),
      sql: (turn) =>
        postgres.query(
          `select * from workflow_runs where ${ofApp} and created_at < (select created_at from workflow_runs where id = $4)
            order by created_at desc limit ${page + 1}`,
          [...values, one(turn).id],
        ),
    },
    {
      name: "run by id",
      archive: (turn) => runs.getWorkflowRunById(tenantId, appId, one(turn).id),
      sql: (turn) =>
        postgres.query("select * from workflow_runs where tenant_id = $1 and app_id = $2 and id = $3", [
          tenantId,
          appId,
          one(turn).id,
        ]),
    },
    { name: "search for a rare word", archive: search(rareWord), sql: ilike(rareWord) },
    { name: "search for a common word", archive: search("invoice"), sql: ilike("invoice") },
    {
      name: "runs of each day",
      archive: () => runs.getDailyRunsStatistics({ tenantId, appId, triggeredFrom }),
      sql: () =>
        postgres.query(`select date(created_at), count(id) from workflow_runs where ${ofApp} group by 1`, values),
    },
    {
      name: "users of each day",
      archive: () => runs.getDailyTerminalsStatistics({ tenantId, appId, triggeredFrom }),
      sql: () =>
        postgres.query(
          `select date(created_at), count(distinct created_by) from workflow_runs where ${ofApp} group by 1`,
          values,
        ),
    },
  ];
}

import { Client } from "pg";
import { archivedDocuments, type ArchivedDocument } from "./archived-documents.ts";
import { compareFields } from "./compare-document.ts";
import type { Difference, Stores } from "./compare-stores.ts";
import { archivedTables, columnsOf, printExactly, readRows } from "./source-rows.ts";

export interface RelatedComparison {
  /** Empty when every app log's document carries exactly its run, trigger, end user and account as they are now. */
  differences: Difference[];
  /** Documents that carry one. */
  run: number;
  trigger: number;
  end_user: number;
  account: number;
}

interface Related {
  id: string;
  run: string | null;
  trigger: object | null;
  end_user: object | null;
  account: object | null;
}

const shownOfRun =
  "id version status triggered_from error elapsed_time total_tokens total_steps created_at finished_at exceptions_count";

/** Looks at `archive` of every app log, column by column, without a line of the program under test. */
export async function compareRelatedRows(stores: Stores, timeZone = "UTC"): Promise<RelatedComparison> {
  const client = new Client({ connectionString: stores.databaseUrl });
  await client.connect();
  try {
    await printExactly(client);
    const comparison: RelatedComparison = { differences: [], run: 0, trigger: 0, end_user: 0, account: 0 };
    for await (const page of archivedDocuments(stores.elasticsearchUrl, stores.prefix)) {
      const logs = page.filter(({ index }) => index.startsWith(`${stores.prefix}-workflow-app-logs-`));
      await comparePage(client, logs, timeZone, comparison);
    }
    return comparison;
  } finally {
    await client.end();
  }
}

async function comparePage(
  client: Client,
  logs: readonly ArchivedDocument[],
  timeZone: string,
  comparison: RelatedComparison,
): Promise<void> {
  const trigger =
    (await columnsOf(client, "workflow_trigger_logs")).length === 0
      ? "null"
      : `(SELECT json_build_object('id', g.id::text, 'trigger_metadata', g.trigger_metadata) FROM workflow_trigger_logs g
           WHERE g.workflow_run_id = l.workflow_run_id AND g.tenant_id = l.tenant_id ORDER BY g.id LIMIT 1)`;
  const { rows } = await client.query<Related>(
    `SELECT l.id::text AS id,
            (SELECT r.id::text FROM workflow_runs r WHERE r.id = l.workflow_run_id AND r.tenant_id = l.tenant_id) AS run,
            ${trigger} AS trigger,
            CASE WHEN l.created_by_role IN ('end_user', 'end-user')
                 THEN (SELECT json_build_object('id', e.id::text, 'session_id', e.session_id) FROM end_users e WHERE e.id = l.created_by AND e.tenant_id = l.tenant_id) END AS end_user,
            CASE WHEN l.created_by_role = 'account'
                 THEN (SELECT json_build_object('id', a.id::text, 'email', a.email) FROM accounts a WHERE a.id = l.created_by) END AS account
       FROM workflow_app_logs l WHERE l.id = ANY($1::uuid[])`,
    [logs.map(({ id }) => id)],
  );
  const related = new Map(rows.map((row) => [row.id, row]));
  const columns = (await columnsOf(client, "workflow_runs")).filter(({ name }) => shownOfRun.split(" ").includes(name));
  const runs = await readRows(
    client,
    archivedTables[0],
    columns,
    rows.flatMap(({ run }) => run ?? []),
    timeZone,
  );
  for (const { id, source } of logs) {
    const archive = source["archive"] as Record<Exclude<keyof Related, "id">, Record<string, unknown> | undefined>;
    const note = (at: string, expected: unknown, found: unknown): void => {
      const [wanted, got] = [JSON.stringify(expected ?? null), JSON.stringify(found ?? null)];
      if (wanted !== got)
        comparison.differences.push({ table: "workflow_app_logs", id, at, expected: wanted, found: got });
    };
    for (const member of ["run", "trigger", "end_user", "account"] as const)
      if (archive[member] !== undefined) comparison[member]++;
    note("archive.trigger", related.get(id)?.trigger, archive.trigger);
    note("archive.end_user", related.get(id)?.end_user, archive.end_user);
    note("archive.account", related.get(id)?.account, archive.account);
    const run = runs.get(related.get(id)?.run ?? "");
    if (run === undefined || archive.run === undefined) note("archive.run", run?.id, archive.run);
    else
      for (const { column, expected, found } of compareFields(run, columns, archive.run))
        note(`archive.run.${column}`, expected, found);
  }
}

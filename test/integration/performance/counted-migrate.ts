import type { Pool } from "pg";
import { migrate } from "../../../src/workflow-logs/migrate/migrate.ts";
import { migrateDefaults, type MigrateOptions } from "../../../src/workflow-logs/copying/options.ts";
import type { MigrateReport } from "../../../src/workflow-logs/copying/report.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import type { Stores } from "../../support/compare-stores.ts";
import { startFaultProxy } from "../../support/fault-proxy.ts";
import { withTestConnections } from "../../support/test-connections.ts";

/** What a migration asked of its servers, which no clock changes. */
export interface Counts {
  readonly report: MigrateReport;
  readonly bulkRequests: number;
  readonly otherRequests: number;
  /** Bytes between the program and Elasticsearch, headers included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly pages: number;
  /** Statements that are no page. */
  readonly otherStatements: number;
}

/** One migration of the node executions, with search text as by default, in the state that those before it left. */
export async function countedMigrate(stores: Stores, options: Partial<MigrateOptions> = {}): Promise<Counts> {
  const proxy = await startFaultProxy(stores.elasticsearchUrl);
  try {
    return await withTestConnections({ ...stores, elasticsearchUrl: proxy.url }, {}, async (connections) => {
      let [bulkRequests, otherRequests] = [0, 0];
      connections.elasticsearch.diagnostic.on("request", (_, result) => {
        if (result?.meta.request.params.path?.endsWith("/_bulk")) bulkRequests++;
        else otherRequests++;
      });
      const statements = recordStatements(connections.postgres);
      const report = await migrate(
        connections,
        { ...migrateDefaults, ...options, scope: { dataTypes: ["node_executions"], tenantIds: [] } },
        { signal: new AbortController().signal, progress: noProgress },
      );
      const pages = statements.filter((text) => /^copy \(/i.test(text)).length;
      const { requests: bytesSent, answers: bytesReceived } = proxy.passed;
      const otherStatements = statements.length - pages;
      return { report, bulkRequests, otherRequests, bytesSent, bytesReceived, pages, otherStatements };
    });
  } finally {
    await proxy.close();
  }
}

/** The text of every statement that the pool's connections are given from now on. */
function recordStatements(pool: Pool): string[] {
  const statements: string[] = [];
  pool.on("connect", (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((first: string | { text: string }, ...more: unknown[]) => {
      statements.push(typeof first === "string" ? first : first.text);
      return query(first, ...more);
    }) as typeof client.query;
  });
  return statements;
}

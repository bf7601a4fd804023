import { connectionOptions } from "./config/connection-options.ts";
import type { Config } from "./config/config.ts";
import { type Connections, openConnections } from "./workflow-logs/connections.ts";
import { createRepositories, type Repositories } from "./workflow-logs/repositories/create-repositories.ts";
import type { GivenOptions } from "./workflow-logs/repositories/dual-write/options.ts";

/** Both stores open, for an application that lives long. */
export interface OpenArchive extends AsyncDisposable {
  /** What `migrate`, `searchLogs` and the other use cases take. */
  readonly connections: Connections;
  readonly repositories: Repositories;
  /** Waits for second writes of the repositories, then closes both stores. May be called again. */
  close(): Promise<void>;
}

/**
 * The archive that the configuration describes, until it is closed: by `close()`, or at the end of the scope with
 * `await using`. Opens no connection before one is needed. Errors of the drivers arrive as they are;
 * `describeStoreError` makes AppErrors of them. Throws as `createRepositories`; nothing is open then.
 *
 * @example
 * ```ts
 * import { openArchive, parseConfig, toJson } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const [tenantId, runId] = [process.env["TENANT_ID"]!, process.env["RUN_ID"]!];
 * const run = await archive.repositories.apiWorkflowRuns.getWorkflowRunByIdAndTenantId(tenantId, runId);
 * console.log(JSON.stringify(toJson(run ?? null)));
 * await archive.close();
 * ```
 */
export async function openArchive(config: Config, options: GivenOptions = {}): Promise<OpenArchive> {
  const { connections, close: closeStores } = openConnections(connectionOptions(config));
  const repositories = await createRepositories(connections, config.repositories, options).catch(async (error) => {
    await closeStores();
    throw error;
  });
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    try {
      await repositories.close();
    } finally {
      await closeStores();
    }
  };
  const close = (): Promise<void> => (closing ??= closeAll());
  return { connections, repositories, close, [Symbol.asyncDispose]: close };
}

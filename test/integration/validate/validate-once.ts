import { createClient } from "../../../src/stores/elasticsearch/client.ts";
import { createPool } from "../../../src/stores/postgres/pool.ts";
import { stateDatabase } from "../../../src/stores/postgres/state/database.ts";
import type { ArchiveSettings, Connections } from "../../../src/workflow-logs/connections.ts";
import { dataTypes } from "../../../src/workflow-logs/log-types.ts";
import { noProgress, type ProgressSink } from "../../../src/workflow-logs/progress.ts";
import type { Scope } from "../../../src/workflow-logs/scope.ts";
import { validateDefaults, type ValidateOptions } from "../../../src/workflow-logs/validate/options.ts";
import type { ValidateReport } from "../../../src/workflow-logs/validate/report.ts";
import { validate } from "../../../src/workflow-logs/validate/validate.ts";
import type { Stores } from "../../support/compare-stores.ts";

export interface ValidateCall extends Partial<Omit<ValidateOptions, "scope">> {
  scope?: Partial<Scope>;
  settings?: Partial<ArchiveSettings>;
  signal?: AbortSignal;
  progress?: Partial<ProgressSink>;
  confirmDelete?: (documents: number) => Promise<boolean>;
}

/** One `validate` as the library has it, over connections of its own. */
export async function validateOnce(stores: Stores, call: ValidateCall = {}): Promise<ValidateReport> {
  const { scope, settings, signal = new AbortController().signal, progress, confirmDelete, ...options } = call;
  return withConnectionsTo(stores, settings, (connections) =>
    validate(
      connections,
      { ...validateDefaults, ...options, scope: { dataTypes, tenantIds: [], ...scope } },
      {
        signal,
        progress: { ...noProgress, ...progress },
        confirmDelete:
          confirmDelete ??
          (() => {
            throw new Error("asked to delete documents");
          }),
      },
    ),
  );
}

async function withConnectionsTo<T>(
  stores: Stores,
  settings: Partial<ArchiveSettings> | undefined,
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  const postgres = createPool(stores.databaseUrl);
  const elasticsearch = createClient({
    hosts: [stores.elasticsearchUrl],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 30,
    maxRetries: 3,
  });
  try {
    return await work({
      postgres,
      state: stateDatabase(postgres),
      elasticsearch,
      settings: {
        template: { prefix: stores.prefix, shards: 1, replicas: 0, refreshInterval: "30s" },
        searchText: "bounded",
        sourceTimeZone: "UTC",
        maxRetries: 3,
        retentionDays: 30,
        ...settings,
      },
    });
  } finally {
    await postgres.end();
    await elasticsearch.close();
  }
}

/** Each difference that is left as `kind data-type id columns`, sorted. */
export function shown({ differences }: ValidateReport): string[] {
  return differences
    .filter(({ resolved }) => resolved === null)
    .map(({ kind, dataType, id, columns }) => [kind, dataType, id, columns.join(",")].join(" ").trim())
    .toSorted();
}

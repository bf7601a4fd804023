import { withTestConnections } from "../../support/test-connections.ts";
import type { ArchiveSettings } from "../../../src/workflow-logs/connections.ts";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { noProgress, type ProgressSink } from "../../../src/runs/progress.ts";
import type { Scope } from "../../../src/workflow-logs/partitions/scope.ts";
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
  return withTestConnections(stores, { settings }, (connections) =>
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

/** Each difference that is left as `kind data-type id columns`, sorted. */
export function shown({ differences }: ValidateReport): string[] {
  return differences
    .filter(({ resolved }) => resolved === null)
    .map(({ kind, dataType, id, columns }) => [kind, dataType, id, columns.join(",")].join(" ").trim())
    .toSorted();
}

import { applyDirty } from "../../src/workflow-logs/dirty/apply-dirty.ts";
import { applyDirtyDefaults, type ApplyDirtyOptions } from "../../src/workflow-logs/dirty/options.ts";
import type { ApplyDirtyReport } from "../../src/workflow-logs/dirty/dirty-report.ts";
import { dataTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import { noProgress } from "../../src/runs/progress.ts";
import type { Stores } from "./compare-stores.ts";
import { type TestSettings, withTestConnections } from "./test-connections.ts";

export interface ApplyCall extends Partial<Omit<ApplyDirtyOptions, "scope">>, TestSettings {
  tenantIds?: readonly string[];
  dataTypes?: ApplyDirtyOptions["scope"]["dataTypes"];
  signal?: AbortSignal;
}

/** One `apply-dirty` as the library has it, over connections of its own. */
export async function applyOnce(stores: Stores, call: ApplyCall = {}): Promise<ApplyDirtyReport> {
  const { tenantIds = [], dataTypes: types = dataTypes, signal = new AbortController().signal, ...rest } = call;
  const { settings, timeoutSeconds, ...options } = rest;
  return withTestConnections(stores, { settings, timeoutSeconds }, (connections) =>
    applyDirty(
      connections,
      { ...applyDirtyDefaults, ...options, scope: { dataTypes: types, tenantIds } },
      { signal, progress: noProgress },
    ),
  );
}

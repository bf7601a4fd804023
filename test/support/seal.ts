import { dataTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import { noProgress } from "../../src/runs/progress.ts";
import type { SealOptions } from "../../src/workflow-logs/seal/options.ts";
import type { SealReport } from "../../src/workflow-logs/seal/report.ts";
import { seal, type SealWatch } from "../../src/workflow-logs/seal/seal.ts";
import type { Stores } from "./compare-stores.ts";
import { withTestConnections } from "./test-connections.ts";

export interface SealCall extends Partial<SealOptions>, Pick<SealWatch, "atStep"> {
  signal?: AbortSignal;
}

/** One `seal` as the library has it, over connections of its own. */
export async function sealOnce(stores: Stores, call: SealCall = {}): Promise<SealReport> {
  const { atStep, signal = new AbortController().signal, ...options } = call;
  return withTestConnections(stores, {}, (connections) =>
    seal(
      connections,
      { tenantIds: [], dataTypes, olderThanDays: 30, dryRun: false, ...options },
      { signal, progress: noProgress, atStep },
    ),
  );
}

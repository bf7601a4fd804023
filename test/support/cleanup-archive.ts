import { withTestConnections } from "./test-connections.ts";
import type { BlobStorage } from "../../src/stores/blobs/blob-storage.ts";
import { cleanupPg } from "../../src/workflow-logs/cleanup/cleanup-pg.ts";
import type { AtStep } from "../../src/workflow-logs/cleanup/delete-rows.ts";
import { cleanupDefaults, type CleanupOptions } from "../../src/workflow-logs/cleanup/options.ts";
import type { CleanupReport, TableCount } from "../../src/workflow-logs/cleanup/report.ts";
import { dataTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import { noProgress } from "../../src/runs/progress.ts";
import type { Stores } from "./compare-stores.ts";

export interface CleanupCall extends Partial<CleanupOptions> {
  tenantId: string;
  atStep?: AtStep;
  signal?: AbortSignal;
  blobs?: BlobStorage;
}

/**
 * One `cleanup-pg` as the library has it, over connections of its own; single copies are allowed, for the tests'
 * servers are single nodes.
 */
export async function cleanupOnce(stores: Stores, call: CleanupCall): Promise<CleanupReport> {
  const { atStep, blobs, signal = new AbortController().signal, ...options } = call;
  return withTestConnections(stores, { settings: { maxRetries: 0 }, timeoutSeconds: 10 }, (connections) =>
    cleanupPg(
      { ...connections, blobs },
      { ...cleanupDefaults, before: "2026-01-01 00:00:00.000000", dataTypes, allowUnreplicated: true, ...options },
      { signal, progress: noProgress, ...(atStep && { atStep }) },
    ),
  );
}

export function deletedRows({ byTable }: Pick<CleanupReport, "byTable">): number {
  return Object.values(byTable).reduce((sum, { deleted }) => sum + deleted, 0);
}

/** All reasons for which rows were kept, over all tables. */
export function keptRows({ byTable }: Pick<CleanupReport, "byTable">): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { kept } of Object.values<TableCount>(byTable)) {
    for (const [reason, rows] of Object.entries(kept)) sums[reason] = (sums[reason] ?? 0) + rows;
  }
  return sums;
}

import type { RunStatus } from "../../runs/run-record.ts";

export interface SyncTotals {
  /** Records in Weaviate. */
  source: number;
  copied: number;
  /** Copied by earlier runs. In a dry run: in Milvus already. */
  skipped: number;
  /** Record errors. */
  failed: number;
  bytes: number;
}

export interface TenantReport extends SyncTotals {
  readonly tenant: string;
  state: "copying" | "copied" | "skipped" | "busy" | "would_copy";
}

export interface SyncReport {
  readonly command: "milvus sync";
  runId: string | null;
  status: RunStatus | "dry_run";
  readonly dryRun: boolean;
  readonly startedAt: string;
  finishedAt: string | null;
  readonly totals: SyncTotals;
  readonly tenants: TenantReport[];
}

export function newReport(dryRun: boolean): SyncReport {
  return {
    command: "milvus sync",
    runId: null,
    status: "running",
    dryRun,
    startedAt: new Date().toISOString(),
    finishedAt: null,
    totals: { source: 0, copied: 0, skipped: 0, failed: 0, bytes: 0 },
    tenants: [],
  };
}

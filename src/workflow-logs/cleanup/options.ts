import type { DataType } from "../partitions/log-types.ts";

export interface CleanupOptions {
  readonly tenantId: string;
  /** Rows created before this instant go: UTC text `YYYY-MM-DD HH:MM:SS.ffffff`. */
  readonly before: string;
  readonly dataTypes: readonly DataType[];
  /** Rows that one transaction deletes at most. */
  readonly batchRows: number;
  readonly dryRun: boolean;
  /** Purges also where Elasticsearch holds a single copy and no snapshot has another. */
  readonly allowUnreplicated: boolean;
  /** Deletes also the rows of partitions whose index retention has dropped. */
  readonly expired: boolean;
  /** Deletes also the files of offload rows from the platform's storage, where their content is in the document. */
  readonly deleteOffloadedFiles: boolean;
  /** Seconds that a standby may be behind; Infinity does not look at standbys. */
  readonly maxLagSeconds: number;
}

export const cleanupDefaults = {
  batchRows: 1000,
  dryRun: false,
  allowUnreplicated: false,
  expired: false,
  deleteOffloadedFiles: false,
  maxLagSeconds: 10,
} as const;

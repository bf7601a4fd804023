import type { Scope } from "../partitions/scope.ts";

export interface RestoreOptions {
  readonly tenantId: string;
  readonly dataTypes: Scope["dataTypes"];
  /** UTC text `YYYY-MM-DD HH:MM:SS.ffffff`; `start` is inclusive, `end` exclusive. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  /** Read and compare, and write nothing. */
  readonly dryRun: boolean;
  /** Bring also rows back that the platform itself deleted. */
  readonly includeDeleted: boolean;
  /** Bring also rows back whose document is not the one that was purged, or none that is known. */
  readonly acceptUnproven: boolean;
  /** Rows and bytes of one transaction. */
  readonly batchRows: number;
  readonly batchBytes: number;
}

export const restoreDefaults = {
  dryRun: false,
  includeDeleted: false,
  acceptUnproven: false,
  batchRows: 1000,
  batchBytes: 5 * 1024 * 1024,
} as const;

export function restoreScope({ tenantId, dataTypes, start, end }: RestoreOptions): Scope {
  return { tenantIds: [tenantId], dataTypes, start, end };
}

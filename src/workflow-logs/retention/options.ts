import { UsageError } from "../../engine/errors.ts";
import type { DataType } from "../partitions/log-types.ts";

export interface RetentionOptions {
  /** Empty means every tenant that has an index or is known to the state. */
  readonly tenantIds: readonly string[];
  readonly dataTypes: readonly DataType[];
  /**
   * Where no rule of `retention set` says otherwise; ELASTICSEARCH_RETENTION_DAYS when not given. 0 needs a tenant id.
   */
  readonly retentionDays?: number | undefined;
  readonly dryRun: boolean;
  /** Indices go only when a snapshot in this repository has them. */
  readonly snapshotRepository?: string | undefined;
  /** Who asked for it, for the journal. */
  readonly operator: string;
  /** The time to go by. When not given, that of this machine, which must agree with both servers. */
  readonly now?: Date | undefined;
}

/** A hundred years: whoever writes more means something else. */
export const mostRetentionDays = 36_500;

/** Throws UsageError for days that cannot be meant. */
export function requireSensibleDays(
  { tenantIds, dryRun }: Pick<RetentionOptions, "tenantIds" | "dryRun">,
  days: number,
): void {
  if (!Number.isInteger(days) || days < 0 || days > mostRetentionDays) {
    throw new UsageError("invalid_retention_days", `${days} is no number of days.`, {
      hint: `Give a whole number from 0 to ${mostRetentionDays}.`,
    });
  }
  if (days === 0 && tenantIds.length === 0 && !dryRun) {
    throw new UsageError("retention_of_nothing", "A retention of 0 days drops all that is archived of every tenant.", {
      hint: "Name the tenants, or give at least 1 day. Nothing was changed.",
    });
  }
}

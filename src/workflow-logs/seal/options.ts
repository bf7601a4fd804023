import type { DataType } from "../partitions/log-types.ts";

/**
 * The data tiers of Elasticsearch that old months are moved to; a cluster without such nodes keeps them where they are.
 */
export const tiers = ["hot", "warm", "cold"] as const;
export type Tier = (typeof tiers)[number];

export interface SealOptions {
  /** Empty means every tenant that has an index. */
  readonly tenantIds: readonly string[];
  readonly dataTypes: readonly DataType[];
  /** Whole days since the end of the month. */
  readonly olderThanDays: number;
  /** Of each shard from then on; not given, they stay as they are. */
  readonly replicas?: number | undefined;
  readonly tier?: Tier | undefined;
  readonly dryRun: boolean;
}

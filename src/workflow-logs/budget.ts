import { UTCDate } from "@date-fns/utc";
import type { ClusterInfo } from "../stores/elasticsearch/cluster.ts";
import type { ArchiveIndex } from "../stores/elasticsearch/indices/index-list.ts";

/** What is left of one thing that a cluster has only so much of. */
export interface Reserve {
  /** What can still be taken before the cluster refuses. */
  readonly left: number;
  /** What the fullest of the last three whole months has taken, with replicas. */
  readonly eachMonth: number;
  /** How many more such months there is room for, if none is dropped; null where nothing is known of a month. */
  readonly monthsLeft: number | null;
}

export interface Budget {
  readonly shards: Reserve & { readonly used: number; readonly limit: number };
  /** Bytes; below the high watermark of all data nodes together. */
  readonly disk: Reserve;
}

/** With room for fewer whole months somebody has to do something. */
const fewMonths = 3;

export function isSoonUsedUp({ monthsLeft }: Reserve): boolean {
  return monthsLeft !== null && monthsLeft < fewMonths;
}

type MonthlyIndex = Pick<ArchiveIndex, "index" | "month" | "shards" | "bytes">;

/** How long the cluster's room lasts at the pace of the archive's own months. `indices` are all places of the archive. */
export function budgetOf({ shards, disks }: ClusterInfo, indices: readonly MonthlyIndex[], now: Date): Budget {
  const month = new UTCDate(now).toISOString().slice(0, 7);
  const byMonth = new Map<string, { shards: number; bytes: number }>();
  const seen = new Set<string>();
  for (const index of indices) {
    const own = seen.has(index.index) ? 0 : index.shards; // tenants that share an index share its shards
    seen.add(index.index);
    const sum = byMonth.get(index.month) ?? { shards: 0, bytes: 0 };
    byMonth.set(index.month, { shards: sum.shards + own, bytes: sum.bytes + index.bytes });
  }
  const whole = [...byMonth].filter(([name]) => name < month).toSorted(([a], [b]) => (a < b ? 1 : -1));
  const last = (whole.length > 0 ? whole.slice(0, 3) : [...byMonth]).map(([, sum]) => sum);
  const shardsLeft = Math.max(0, shards.limit - shards.used);
  const room = disks.reduce((sum, disk) => sum + Math.max(0, disk.free - disk.highWatermark), 0);
  return {
    shards: {
      ...shards,
      ...reserve(
        shardsLeft,
        last.map((sum) => sum.shards),
      ),
    },
    disk: reserve(
      room,
      last.map((sum) => sum.bytes),
    ),
  };
}

function reserve(left: number, months: readonly number[]): Reserve {
  const eachMonth = Math.max(0, ...months);
  return { left, eachMonth, monthsLeft: eachMonth === 0 ? null : Math.floor(left / eachMonth) };
}

export const wayOutOfShards =
  "Drop old months (app elasticsearch retention), add data nodes, or raise cluster.max_shards_per_node.";
export const wayOutOfDisk = "Drop old months (app elasticsearch retention), or add disks or data nodes.";

/** `left` at that pace, as a part of a sentence; empty where nothing is known. */
export function paceText({ eachMonth, monthsLeft }: Reserve, format: (amount: number) => string): string {
  if (monthsLeft === null) return "";
  const months = monthsLeft === 1 ? "1 more month" : `${monthsLeft.toLocaleString("en-US")} more months`;
  return `; a month takes ${format(eachMonth)}, so there is room for ${months}`;
}

import type { Client } from "@elastic/elasticsearch";
import { described } from "./errors.ts";

/** All in bytes. */
export interface DataNodeDisk {
  node: string;
  total: number;
  free: number;
  /** With less than this free, Elasticsearch moves shards away from the node. */
  highWatermark: number;
  /** With less than this free, indices with a shard on the node take no more documents. */
  floodStage: number;
}

const DISK = "cluster.routing.allocation.disk";

/** The disks of the data nodes. Settings: the cluster's effective ones, flat, including defaults. */
export async function readDisks(client: Client, settings: Record<string, string>): Promise<DataNodeDisk[]> {
  const response = await described(
    client.nodes.stats({
      metric: "fs",
      filter_path: ["nodes.*.name", "nodes.*.roles", "nodes.*.fs.total"],
    }),
  );
  const watched = settings[`${DISK}.threshold_enabled`] !== "false";
  const reserve = (watermark: string, total: number): number =>
    watched ? freeBytesDemanded(settings, `${DISK}.watermark.${watermark}`, total) : 0;

  return Object.values(response.nodes)
    .filter((node) => node.roles?.some((role) => role.startsWith("data")))
    .map((node) => {
      const total = node.fs?.total?.total_in_bytes ?? 0;
      return {
        node: node.name ?? "",
        total,
        free: node.fs?.total?.available_in_bytes ?? 0,
        highWatermark: reserve("high", total),
        floodStage: reserve("flood_stage", total),
      };
    });
}

/** A watermark is the used share of the disk ("90%", "0.9"), capped by its headroom, or the free space ("50gb"). */
function freeBytesDemanded(settings: Record<string, string>, watermark: string, total: number): number {
  const value = settings[watermark] ?? "0b";
  const share = usedShare(value);
  if (share === undefined) return bytes(value);
  const headroom = bytes(settings[`${watermark}.max_headroom`] ?? "-1");
  const demanded = Math.round(total * (1 - share));
  return headroom < 0 ? demanded : Math.min(demanded, headroom);
}

function usedShare(value: string): number | undefined {
  if (value.endsWith("%")) return Number(value.slice(0, -1)) / 100;
  return /^[\d.]+$/.test(value) ? Number(value) : undefined;
}

const UNITS = ["b", "kb", "mb", "gb", "tb", "pb"];

/** Elasticsearch's byte sizes ("1.5gb", "500m", "-1"); its units are powers of 1024. */
function bytes(value: string): number {
  const [, number, unit = "b"] = /^(-?[\d.]+)([a-z]+)?$/.exec(value.toLowerCase()) ?? [];
  const power = UNITS.findIndex((candidate) => candidate === unit || candidate === `${unit}b`);
  if (number === undefined || power < 0) throw new TypeError(`${JSON.stringify(value)} is not a size in bytes.`);
  return Number(number) * 1024 ** power;
}

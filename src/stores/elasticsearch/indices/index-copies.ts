import type { Client, estypes } from "@elastic/elasticsearch";
import { describeElasticsearchError, described, errorType } from "../errors.ts";
import type { IndexAddress } from "./index-names.ts";
import { identityOf, placeOf } from "./place.ts";
import { type IndexOwner, ownerOf } from "./ownership.ts";

/** What decides whether an index may hold the only copy of something. */
export interface IndexFacts {
  readonly uuid: string;
  /** It belongs to this archive; false also for an alias of that name. */
  readonly isOurs: boolean;
  readonly isOpen: boolean;
  /** Writes are on disk before they are acknowledged. */
  readonly isDurable: boolean;
  /** Every shard has a started primary and a started replica, on another node. */
  readonly isReplicated: boolean;
}

/** As the cluster has it now, not as its settings wish; undefined when there is no such index. */
export async function readIndexFacts(
  client: Client,
  owner: IndexOwner,
  { name: placeName, ...address }: IndexAddress & { readonly name: string },
): Promise<IndexFacts | undefined> {
  const place = placeOf(placeName);
  const name = place.index;
  try {
    const found = await client.indices.get({
      index: name,
      flat_settings: true,
      filter_path: ["*.settings", "*.mappings._meta"],
    });
    const index = found[name];
    const settings = (index?.settings ?? {}) as Record<string, string | undefined>;
    const isOpen = settings["index.verified_before_close"] !== "true";
    const uuid = settings["index.uuid"] ?? "";
    return {
      uuid: identityOf(place, uuid),
      isOurs: ownerOf({ ...address, uuid, meta: index?.mappings?._meta }, await owner.ownership()) === "this",
      isOpen,
      isDurable: (settings["index.translog.durability"] ?? "request").toLowerCase() === "request",
      isReplicated: isOpen && (await isReplicated(client, name, Number(settings["index.number_of_shards"]))),
    };
  } catch (error) {
    if (errorType(error) === "index_not_found_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

async function isReplicated(client: Client, name: string, primaries: number): Promise<boolean> {
  const copies = await client.cat.shards({ index: name, format: "json", h: ["shard", "prirep", "state"] });
  const started = copies.filter(({ state }) => state === "STARTED");
  const shardsWith = (kind: string): Set<unknown> =>
    new Set(started.filter(({ prirep }) => prirep === kind).map(({ shard }) => shard));
  return shardsWith("p").size === primaries && shardsWith("r").size === primaries;
}

/**
 * Everything acknowledged so far is on disk, also what was written while the index promised less. Fails when a shard
 * does.
 */
export async function flushIndex(client: Client, name: string): Promise<boolean> {
  const { _shards } = await described(client.indices.flush({ index: placeOf(name).index, wait_if_ongoing: true }));
  return _shards?.failed === 0;
}

/** Far more than a repository gets between two purges; older ones were taken before the last write anyway. */
const newestSnapshots = 200;

/**
 * `held`: a complete snapshot that began after `writtenMillis` (since 1970) holds the index, in a repository that no
 * node has found unusable. `hidden`: this user may not see snapshots.
 */
export async function snapshotOf(
  client: Client,
  placeName: string,
  writtenMillis: number,
): Promise<"held" | "none" | "hidden"> {
  const { index: name } = placeOf(placeName);
  const snapshots = await readSnapshots(client);
  if (snapshots === undefined) return "hidden";
  const repositories = new Set(
    snapshots
      .filter((snapshot) => snapshot.state === "SUCCESS" && snapshot.indices?.includes(name) === true)
      .filter((snapshot) => (snapshot.start_time_in_millis ?? 0) > writtenMillis)
      .flatMap((snapshot) => snapshot.repository ?? []),
  );
  for (const repository of repositories) {
    try {
      await client.snapshot.verifyRepository({ name: repository });
      return "held";
    } catch (error) {
      // to verify takes the privilege `manage` on the whole cluster; that the snapshot is whole its own state says
      if (errorType(error) === "security_exception") return "held";
      if (errorType(error) !== "repository_verification_exception") throw describeElasticsearchError(error);
    }
  }
  return "none";
}

/** Undefined where the user may not see snapshots. */
async function readSnapshots(client: Client): Promise<estypes.SnapshotSnapshotInfo[] | undefined> {
  try {
    const found = await client.snapshot.get({
      repository: "*",
      snapshot: "*",
      sort: "start_time",
      order: "desc",
      size: newestSnapshots,
      ignore_unavailable: true,
      index_names: true,
    });
    return found.snapshots ?? [];
  } catch (error) {
    if (errorType(error) === "security_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

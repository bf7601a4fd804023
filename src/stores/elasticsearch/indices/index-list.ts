import type { Client, estypes } from "@elastic/elasticsearch";
import { described } from "../errors.ts";
import type { IndexAddress } from "./index-names.ts";
import { parseIndexName, parseSharedName, partName, resourcePattern, tenantPatterns } from "./index-names.ts";
import { type IndexOwner, ownerOf } from "./ownership.ts";
import { identityOf, placeOf } from "./place.ts";
import { type SealedIndex, sealOf } from "./seal.ts";
import { countParts, type PartCounts } from "./shared-parts.ts";

/** A place: an index, or a tenant's part of a shared one. */
export interface ArchiveIndex extends IndexAddress {
  name: string;
  /** Its name in Elasticsearch: that of other places too where tenants share it. */
  index: string;
  uuid: string;
  status: "open" | "closed";
  /** Why it takes no documents; undefined when it does. A flood stage, which goes by, and our own seal are none. */
  blocked: string | undefined;
  /** Whether this program has sealed it, and how far it came. */
  seal: SealedIndex | undefined;
  /** As of the last refresh; undefined when it cannot be known: the index is closed or a primary shard is missing. */
  documents: number | undefined;
  /** On disk, with all replicas; of a part by its share of the documents. */
  bytes: number;
  /** Primaries and replicas of the index. */
  shards: number;
}

export interface IndexList {
  indices: ArchiveIndex[];
  /** Named like ours, but not a name we make, or not this archive's: never read, changed or deleted. */
  foreign: string[];
  /** Aliases with a name of ours, as a shrink or clone leaves them, and the index behind. */
  aliases: { name: string; index: string }[];
  /** Of these, those that another archive's mark is on. */
  ofOthers: string[];
}

/**
 * All places of these resources, of one tenant or of all, open and closed, sorted by name. Of a shared index those that
 * had documents at the last refresh, and those that the archive knows of.
 */
export async function listIndices(
  client: Client,
  owner: IndexOwner,
  prefix: string,
  resources: readonly string[],
  tenantId?: string,
): Promise<IndexList> {
  const search = {
    index: resources.flatMap((resource) =>
      tenantId === undefined ? [resourcePattern(prefix, resource)] : tenantPatterns(prefix, resource, tenantId),
    ),
    expand_wildcards: ["open", "closed", "hidden"] as estypes.ExpandWildcards,
  };
  const [states, statistics] = await Promise.all([readStates(client, search), readStatistics(client, search)]);
  const ownership = await owner.ownership();

  const shared: SharedIndex[] = [];
  const list: IndexList = { indices: [], foreign: [], aliases: [], ofOthers: [] };
  for (const [name, state] of Object.entries(states).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const sharedAddress = parseSharedName(prefix, resources, name);
    const address = parseIndexName(prefix, resources, name);
    for (const alias of Object.keys(state.aliases ?? {}))
      if ((parseIndexName(prefix, resources, alias) ?? parseSharedName(prefix, resources, alias)) !== undefined)
        list.aliases.push({ name: alias, index: name });
    const place = address ?? sharedAddress;
    const found = place && { ...place, uuid: String(state.settings?.index?.uuid), meta: state.mappings?._meta };
    const whose = found === undefined ? "nobody" : ownerOf(found, ownership);
    if (sharedAddress !== undefined && whose === "this") {
      shared.push({ ...sharedAddress, ...describeIndex(name, state, statistics[name]) });
    } else if (address === undefined || whose !== "this") {
      // A pattern also finds aliases, which lead to indices of any name.
      if (resources.some((resource) => name.startsWith(`${prefix}-${resource}-`))) list.foreign.push(name);
      if (whose === "another") list.ofOthers.push(name);
    } else if (tenantId === undefined || address.tenantId === tenantId) {
      list.indices.push({ ...address, ...describeIndex(name, state, statistics[name]) });
    }
  }
  if (shared.length === 0) return list;
  const counts = await countParts(client, owner, shared, tenantId);
  const parts = shared.flatMap((index) => partsOf(index, counts.get(index.name)!));
  return { ...list, indices: [...list.indices, ...parts].toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

type SharedIndex = Omit<ArchiveIndex, "tenantId">;

function partsOf(index: SharedIndex, counts: PartCounts): ArchiveIndex[] {
  return Array.from(counts, ([tenantId, documents]) => {
    const place = placeOf(partName(index.name, tenantId));
    const share = documents === undefined ? 0 : documents / Math.max(1, index.documents ?? 0);
    const bytes = Math.round(index.bytes * Math.min(1, share));
    return { ...index, tenantId, name: place.name, uuid: identityOf(place, index.uuid), documents, bytes };
  });
}

interface Search {
  index: string[];
  expand_wildcards: estypes.ExpandWildcards;
}

async function readStates(client: Client, search: Search): Promise<Record<string, estypes.IndicesIndexState>> {
  const wanted = [
    "uuid",
    "number_of_shards",
    "number_of_replicas",
    "verified_before_close",
    "blocks.write",
    "blocks.read_only",
  ];
  return described(
    client.indices.get({
      ...search,
      features: ["mappings", "settings", "aliases"],
      filter_path: ["*.mappings._meta", "*.aliases", ...wanted.map((setting) => `*.settings.index.${setting}`)],
    }),
  );
}

async function readStatistics(
  client: Client,
  search: Search,
): Promise<Record<string, estypes.IndicesStatsIndicesStats>> {
  const wanted = ["primaries.docs.count", "primaries.shard_stats.total_count", "total.store.size_in_bytes"];
  const response = await described(
    client.indices.stats({
      ...search,
      metric: ["docs", "store", "shard_stats"],
      forbid_closed_indices: false,
      filter_path: wanted.map((field) => `indices.*.${field}`),
    }),
  );
  return response.indices ?? {};
}

/** Of the primaries of the place's index on disk. */
export async function primaryBytes(client: Client, index: string): Promise<number> {
  const { _all: all } = await described(
    client.indices.stats({
      index: placeOf(index).index,
      metric: "store",
      filter_path: "_all.primaries.store.size_in_bytes",
    }),
  );
  return all?.primaries?.store?.size_in_bytes ?? 0;
}

function blockOf(index: estypes.IndicesIndexSettings, open: boolean, isSealed: boolean): string | undefined {
  if (!open) return "it is closed";
  if (String(index.blocks?.write) === "true" && !isSealed) return "index.blocks.write is set";
  return String(index.blocks?.read_only) === "true" ? "index.blocks.read_only is set" : undefined;
}

function describeIndex(
  name: string,
  { settings, mappings }: estypes.IndicesIndexState,
  statistics: estypes.IndicesStatsIndicesStats | undefined,
): Omit<ArchiveIndex, keyof IndexAddress> {
  const index = settings?.index ?? {};
  const primaries = Number(index.number_of_shards);
  const open = String(index.verified_before_close) !== "true";
  const seal = sealOf(mappings?._meta, String(index.blocks?.write) === "true");
  const complete = statistics?.primaries?.shard_stats?.total_count === primaries;
  return {
    name,
    index: name,
    uuid: String(index.uuid),
    status: open ? "open" : "closed",
    blocked: blockOf(index, open, seal !== undefined),
    seal,
    documents: open && complete ? statistics.primaries?.docs?.count : undefined,
    bytes: statistics?.total?.store?.size_in_bytes ?? 0,
    shards: primaries * (1 + Number(index.number_of_replicas)),
  };
}

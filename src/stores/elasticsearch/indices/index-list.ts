import type { Client, estypes } from "@elastic/elasticsearch";
import { described } from "../errors.ts";
import type { IndexAddress } from "./index-names.ts";
import { parseIndexName, resourcePattern, tenantPattern } from "./index-names.ts";
import { type IndexOwner, ownerOf } from "./ownership.ts";
import { type SealedIndex, sealOf } from "./seal.ts";

export interface ArchiveIndex extends IndexAddress {
  name: string;
  uuid: string;
  status: "open" | "closed";
  /** Why it takes no documents; undefined when it does. A flood stage, which goes by, and our own seal are none. */
  blocked: string | undefined;
  /** Whether this program has sealed it, and how far it came. */
  seal: SealedIndex | undefined;
  /** As of the last refresh; undefined when it cannot be known: the index is closed or a primary shard is missing. */
  documents: number | undefined;
  /** On disk, with all replicas. */
  bytes: number;
  /** Primaries and replicas. */
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

/** All indices of these resources, of one tenant or of all, open and closed, in two requests; sorted by name. */
export async function listIndices(
  client: Client,
  owner: IndexOwner,
  prefix: string,
  resources: readonly string[],
  tenantId?: string,
): Promise<IndexList> {
  const search = {
    index: resources.map((resource) =>
      tenantId === undefined ? resourcePattern(prefix, resource) : tenantPattern(prefix, resource, tenantId),
    ),
    expand_wildcards: ["open", "closed", "hidden"] as estypes.ExpandWildcards,
  };
  const [states, statistics] = await Promise.all([readStates(client, search), readStatistics(client, search)]);
  const ownership = await owner.ownership();

  const list: IndexList = { indices: [], foreign: [], aliases: [], ofOthers: [] };
  for (const [name, state] of Object.entries(states).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const address = parseIndexName(prefix, resources, name);
    for (const alias of Object.keys(state.aliases ?? {}))
      if (parseIndexName(prefix, resources, alias) !== undefined) list.aliases.push({ name: alias, index: name });
    const found = address && { ...address, uuid: String(state.settings?.index?.uuid), meta: state.mappings?._meta };
    const whose = found === undefined ? "nobody" : ownerOf(found, ownership);
    if (address === undefined || whose !== "this") {
      // A pattern also finds aliases, which lead to indices of any name.
      if (resources.some((resource) => name.startsWith(`${prefix}-${resource}-`))) list.foreign.push(name);
      if (whose === "another") list.ofOthers.push(name);
    } else if (tenantId === undefined || address.tenantId === tenantId) {
      list.indices.push({ ...address, ...describeIndex(name, state, statistics[name]) });
    }
  }
  return list;
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

/** Of the index's primaries on disk. */
export async function primaryBytes(client: Client, index: string): Promise<number> {
  const { _all: all } = await described(
    client.indices.stats({ index, metric: "store", filter_path: "_all.primaries.store.size_in_bytes" }),
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
    uuid: String(index.uuid),
    status: open ? "open" : "closed",
    blocked: blockOf(index, open, seal !== undefined),
    seal,
    documents: open && complete ? statistics.primaries?.docs?.count : undefined,
    bytes: statistics?.total?.store?.size_in_bytes ?? 0,
    shards: primaries * (1 + Number(index.number_of_replicas)),
  };
}

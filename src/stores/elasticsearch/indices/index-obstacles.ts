import type { Client } from "@elastic/elasticsearch";
import { describeElasticsearchError, errorType } from "../errors.ts";
import type { IndexAddress } from "./index-names.ts";
import { identityOf, placeOf } from "./place.ts";
import { type IndexOwner, ownerOf } from "./ownership.ts";
import { sealOf } from "./seal.ts";

/** Why an index must not be deleted, whatever its age. `index_gone`: there is none of that name. */
export type IndexObstacle =
  | "index_gone"
  | "index_foreign"
  | "index_replaced"
  | "index_closed"
  | "index_frozen"
  | "index_blocked";

/**
 * What keeps the index of this name and identity from being deleted; undefined when nothing does. An alias of that name
 * is foreign.
 */
export async function indexObstacle(
  client: Client,
  owner: IndexOwner,
  { name, uuid, ...address }: IndexAddress & { readonly name: string; readonly uuid: string },
): Promise<IndexObstacle | undefined> {
  const place = placeOf(name);
  const found = await readIndex(client, place.index);
  if (found === "missing") return "index_gone";
  if (found === "blocked") return "index_blocked";
  const index = found[place.index];
  if (index === undefined) return "index_foreign";
  const settings = (index.settings ?? {}) as Readonly<Record<string, unknown>>;
  const there = { ...address, uuid: String(settings["index.uuid"]), meta: index.mappings?._meta };
  if (ownerOf(there, await owner.ownership()) !== "this") return "index_foreign";
  if (identityOf(place, there.uuid) !== uuid) return "index_replaced";
  if (isOn(settings["index.verified_before_close"])) return "index_closed";
  // A searchable snapshot is a view of what lies in a repository; someone has taken the index into their own care.
  if (isOn(settings["index.frozen"]) || settings["index.store.type"] === "snapshot") return "index_frozen";
  const isSealed = sealOf(index.mappings?._meta, true) !== undefined; // our own block, which a deletion does not mind
  const isBlocked = Object.entries(settings).some(
    ([key, value]) => key.startsWith("index.blocks.") && isOn(value) && !(isSealed && key === "index.blocks.write"),
  );
  return isBlocked ? "index_blocked" : undefined;
}

async function readIndex(client: Client, name: string) {
  try {
    return await client.indices.get({
      index: name,
      flat_settings: true,
      filter_path: ["*.settings", "*.mappings._meta"],
    });
  } catch (error) {
    if (errorType(error) === "index_not_found_exception") return "missing";
    if (errorType(error) === "cluster_block_exception") return "blocked"; // index.blocks.metadata
    throw describeElasticsearchError(error);
  }
}

function isOn(setting: unknown): boolean {
  return setting === "true" || setting === true;
}

import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { described } from "../errors.ts";
import {
  type IndexAddress,
  parseIndexName,
  parseSharedName,
  partName,
  resourcePattern,
  tenantPatterns,
} from "./index-names.ts";
import { type FoundIndex, type IndexOwner, ownerOf } from "./ownership.ts";
import { countParts } from "./shared-parts.ts";

export interface OpenIndex extends IndexAddress {
  readonly name: string;
}

/**
 * The places that may hold documents of a resource now, of one tenant or of all, oldest month first; none is no error.
 * Throws AppError when one of them is closed, or belongs to another archive by now: an answer without its documents
 * would pass for a whole one.
 */
export async function openIndices(
  client: Client,
  owner: IndexOwner,
  prefix: string,
  resource: string,
  tenantId?: string,
): Promise<OpenIndex[]> {
  const found = await described(
    client.indices.get({
      index: tenantId === undefined ? resourcePattern(prefix, resource) : tenantPatterns(prefix, resource, tenantId),
      expand_wildcards: ["open", "closed", "hidden"],
      features: ["mappings", "settings"],
      flat_settings: true,
      filter_path: ["*.mappings._meta", "*.settings"],
    }),
  );
  const ownership = await owner.ownership();
  const indices: OpenIndex[] = [];
  const shared: { name: string; uuid: string; resource: string; month: string; status: "open" }[] = [];
  const ofOthers: (FoundIndex & { name: string })[] = [];
  for (const [name, { mappings, settings }] of Object.entries(found)) {
    const own = parseIndexName(prefix, [resource], name);
    const address = own ?? parseSharedName(prefix, [resource], name);
    if (address === undefined) continue;
    if (tenantId !== undefined && own !== undefined && own.tenantId !== tenantId) continue; // the pattern of "acme" also finds "acme-eu"
    const index = { ...address, name, uuid: String(settings?.["index.uuid"]), meta: mappings?._meta };
    const whose = ownerOf(index, ownership);
    if (whose === "another") ofOthers.push(index);
    if (whose !== "this") continue;
    if (settings?.["index.verified_before_close"] === "true") {
      throw new AppError("index_closed", `The index ${name} is closed.`, {
        hint: "Open it, or delete it when its logs are past their retention.",
      });
    }
    if (own === undefined) shared.push({ ...address, name, uuid: index.uuid, status: "open" });
    else indices.push({ ...own, name });
  }
  // a tenant's documents may be in any shared index, also those that no search sees yet
  const tenantsOf = tenantId === undefined ? await countParts(client, owner, shared) : undefined;
  for (const { name, month } of shared)
    for (const one of tenantsOf?.get(name)?.keys() ?? [tenantId!])
      indices.push({ resource, month, tenantId: one, name: partName(name, one) });
  await refuseLost(owner, ofOthers);
  return indices.toSorted((a, b) => (a.month < b.month ? -1 : a.month > b.month ? 1 : a.name < b.name ? -1 : 1));
}

/** An index that this archive wrote into and that has another's mark now was taken over. */
async function refuseLost(owner: IndexOwner, ofOthers: readonly (FoundIndex & { name: string })[]): Promise<void> {
  if (ofOthers.length === 0) return;
  const known = await owner.knownUuids(ofOthers.map(({ uuid }) => uuid));
  const lost = ofOthers.find(({ uuid }) => known.has(uuid));
  if (lost === undefined) return;
  throw new AppError("archive_taken_over", `The index ${lost.name} of this archive was taken over by another one.`, {
    hint: "Read the database that took it over (app elasticsearch status says more), or take it back: app elasticsearch takeover.",
  });
}

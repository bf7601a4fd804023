import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { described } from "../errors.ts";
import { type IndexAddress, isTenantId, partName } from "./index-names.ts";
import { identityOf, ofTenants, placeOf } from "./place.ts";
import type { IndexOwner, SharedMonth } from "./ownership.ts";

interface SharedIndex extends SharedMonth {
  readonly name: string;
  readonly status: "open" | "closed";
  /** Undefined where the index cannot be read. */
  readonly documents?: number | undefined;
}

/** The documents of each tenant as of the last refresh; undefined where they cannot be counted. */
export type PartCounts = ReadonlyMap<string, number | undefined>;

/** Elasticsearch gives no more buckets in one answer, by default, than 65,536. */
const bucketsPerRequest = 10_000;

/**
 * Whose parts there are in shared indices, by the name of the index: of one tenant or of all, those with documents and
 * those that the archive knows of.
 */
export async function countParts(
  client: Client,
  owner: IndexOwner,
  indices: readonly SharedIndex[],
  tenantId?: string,
): Promise<Map<string, PartCounts>> {
  const found = new Map(indices.map(({ name }) => [name, new Map<string, number | undefined>()]));
  if (indices.length === 0) return found;
  const readable = indices.filter(
    (index) => index.status === "open" && !("documents" in index && index.documents === undefined),
  );
  const uncounted = new Set(indices.filter((index) => !readable.includes(index)).map(({ name }) => name));
  const byUuid = new Map(indices.map(({ name, uuid }) => [uuid, name]));
  for (const known of await owner.knownParts(indices, tenantId)) {
    const name = byUuid.get(known.uuid);
    if (name === undefined) continue;
    found.get(name)!.set(known.tenantId, uncounted.has(name) ? undefined : 0);
  }
  for await (const { index, tenant, documents } of countedTenants(client, readable, tenantId))
    found.get(index)?.set(tenant, documents);
  return found;
}

/** The places in an index that has documents of one tenant, or of several; all that was written is counted. */
export async function placesIn(
  client: Client,
  owner: IndexOwner,
  index: Omit<IndexAddress, "tenantId"> & { readonly name: string; readonly uuid: string; readonly tenantId?: string },
): Promise<(IndexAddress & { readonly name: string; readonly uuid: string })[]> {
  const { resource, month, name, uuid, tenantId } = index;
  if (tenantId !== undefined) return [{ resource, month, tenantId, name, uuid }];
  await described(client.indices.refresh({ index: name }));
  const counts = await countParts(client, owner, [{ name, uuid, resource, month, status: "open" }]);
  return Array.from(counts.get(name)!.keys(), (tenant) => {
    const place = placeOf(partName(name, tenant));
    return { resource, month, tenantId: tenant, name: place.name, uuid: identityOf(place, uuid) };
  });
}

async function* countedTenants(
  client: Client,
  indices: readonly SharedIndex[],
  tenantId: string | undefined,
): AsyncGenerator<{ index: string; tenant: string; documents: number }> {
  if (indices.length === 0) return;
  let after: Record<string, estypes.FieldValue> | undefined;
  do {
    const { responses } = await described(
      client.msearch({
        searches: [
          { index: indices.map(({ name }) => name), ignore_unavailable: true }, // in the body: a URL has no room
          {
            size: 0,
            track_total_hits: false,
            ...(tenantId !== undefined && { query: { bool: { filter: ofTenants([tenantId]) } } }),
            aggregations: {
              parts: {
                composite: {
                  size: bucketsPerRequest,
                  sources: [{ index: { terms: { field: "_index" } } }, { tenant: { terms: { field: "tenant_id" } } }],
                  ...(after !== undefined && { after }),
                },
              },
            },
          },
        ],
      }),
    );
    const [answer] = responses;
    if (answer === undefined || "error" in answer || answer._shards.failed > 0 || answer.timed_out)
      throw new AppError("index_not_ready", `The tenants of ${indices.length} shared indices could not be counted.`, {
        hint: "Look at the cluster's health and run the command again.",
      });
    const { buckets, after_key: next } = answer.aggregations!["parts"] as estypes.AggregationsCompositeAggregate;
    for (const { key, doc_count: documents } of buckets as estypes.AggregationsCompositeBucket[]) {
      const [index, tenant] = [String(key["index"]), String(key["tenant"])];
      if (isTenantId(tenant)) yield { index, tenant, documents };
    }
    after = next;
  } while (after !== undefined);
}

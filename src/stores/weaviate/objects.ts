import { setTimeout as sleep } from "node:timers/promises";
import type { Collection, FilterValue, WeaviateGenericObject } from "weaviate-client";
import { backOff } from "../../engine/back-off.ts";
import { isTenantMissing, isPassingRefusal, loadDriver, type Weaviate } from "./client.ts";

export interface WeaviateObject {
  /** A UUID. */
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly vector: readonly number[] | null;
}

export interface ObjectRefusal {
  readonly id: string;
  readonly reason: string;
}

/** Weaviate answers at most so many results of a filter, page by page. */
export const mostResults = 10_000;
/**
 * Pages of 500 with vectors are read at the rate of pages of 1,000; the client's iterator is a hundred times slower.
 */
export const pageSize = 500;

const attempts = 8;
const pauses = { first: 10, longest: 500 };

type Tenant = Collection;

/** On properties by their names, or on ids. Text is compared word by word where its property is split into words. */
export interface Condition {
  readonly property: string;
  /** In `like`, * stands for any text within a word. */
  readonly operator: "equal" | "like" | "containsAny" | "greaterOrEqual";
  readonly value: string | number | readonly string[];
}

export interface Where {
  readonly operator: "and" | "or";
  /** At least one. */
  readonly conditions: readonly Condition[];
}

interface Find {
  readonly limit: number;
  readonly offset?: number;
  readonly withVector?: boolean;
  readonly where?: Where;
  /** By these properties; a null is the smallest. */
  readonly sort?: readonly { readonly property: string; readonly ascending: boolean }[];
}

/** Objects of one collection. Each request is made in the name of one tenant, whose data lie in a shard of its own. */
export class WeaviateObjects {
  private readonly weaviate: Weaviate;
  readonly collection: string;

  constructor(weaviate: Weaviate, collection: string) {
    this.weaviate = weaviate;
    this.collection = collection;
  }

  /**
   * Afterwards these are the objects of their ids, whole; the tenant is made when it is missing. Tells which were
   * refused. While another process empties the tenant (emptyTenant), or makes it too, Weaviate refuses objects: they
   * are sent again.
   */
  async replace(tenant: string, objects: readonly WeaviateObject[]): Promise<ObjectRefusal[]> {
    const refusals: ObjectRefusal[] = [];
    let left = objects;
    for (let attempt = 1; left.length > 0; attempt++) {
      const refused = await this.replaceOnce(tenant, left);
      const again = new Set(
        attempt === attempts ? [] : refused.filter(({ reason }) => isPassingRefusal(reason)).map(({ id }) => id),
      );
      refusals.push(...refused.filter(({ id }) => !again.has(id)));
      left = left.filter(({ id }) => again.has(id));
      if (left.length > 0) await sleep(backOff(attempt, pauses));
    }
    return refusals;
  }

  private async replaceOnce(tenant: string, objects: readonly WeaviateObject[]): Promise<ObjectRefusal[]> {
    const batch = objects.map(({ id, properties, vector }) => ({
      id,
      properties,
      ...(vector === null ? {} : { vectors: [...vector] }),
    }));
    const { errors } = await this.inTenant(tenant, `write ${objects.length} objects`, (found) =>
      found.data.insertMany(batch as Parameters<Tenant["data"]["insertMany"]>[0]),
    );
    return Object.entries(errors).map(([at, { message }]) => ({ id: objects[Number(at)]!.id, reason: message }));
  }

  /** Nothing for ids that are not there. */
  async byIds(tenant: string, ids: readonly string[], withVector = true): Promise<WeaviateObject[]> {
    const found: WeaviateObject[] = [];
    for (let at = 0; at < ids.length; at += pageSize) {
      const some = ids.slice(at, at + pageSize);
      const objects = this.inTenant(tenant, "read objects by id", async (shard) => {
        const filters = shard.filter.byId().containsAny(some);
        return (await shard.query.fetchObjects({ limit: some.length, includeVector: withVector, filters })).objects;
      });
      found.push(...(await this.unlessMissing(objects, [])).map(objectOf));
    }
    return found;
  }

  async deleteByIds(tenant: string, ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += pageSize) {
      const some = ids.slice(at, at + pageSize);
      await this.unlessMissing(
        this.inTenant(tenant, "delete objects", (found) =>
          found.data.deleteMany(found.filter.byId().containsAny(some)),
        ),
        undefined,
      );
    }
  }

  async count(tenant: string): Promise<number> {
    return this.unlessMissing(
      this.inTenant(tenant, "count objects", (found) => found.length()),
      0,
    );
  }

  /** The next page in the order of ids, behind `after`; the last one is shorter than `limit`. */
  async page(
    tenant: string,
    after: string | undefined,
    limit = pageSize,
    withVector = true,
  ): Promise<WeaviateObject[]> {
    return this.unlessMissing(
      this.inTenant(tenant, "read objects", async (found) => {
        const cursor = after === undefined ? {} : { after };
        const { objects } = await found.query.fetchObjects({ limit, includeVector: withVector, ...cursor });
        return objects.map(objectOf);
      }),
      [],
    );
  }

  async find(
    tenant: string,
    { limit, offset = 0, withVector = true, where, sort = [] }: Find,
  ): Promise<WeaviateObject[]> {
    return this.unlessMissing(
      this.inTenant(tenant, "find objects", async (shard) => {
        const { objects } = await shard.query.fetchObjects({
          limit,
          offset,
          includeVector: withVector,
          ...(where && { filters: await filterOf(shard, where) }),
          ...sortOf(shard, sort),
        });
        return objects.map(objectOf);
      }),
      [],
    );
  }

  /** The objects within this cosine distance of the vector, nearest first. */
  async nearest(
    tenant: string,
    vector: readonly number[],
    { limit, distance }: { limit: number; distance: number },
  ): Promise<(WeaviateObject & { readonly distance: number })[]> {
    return this.unlessMissing(
      this.inTenant(tenant, "search vectors", async (found) => {
        const options = { limit, distance, includeVector: true, returnMetadata: ["distance" as const] };
        const { objects } = await found.query.nearVector([...vector], options);
        return objects.map((object) => ({ ...objectOf(object), distance: object.metadata?.distance ?? 0 }));
      }),
      [],
    );
  }

  private inTenant<T>(tenant: string, what: string, request: (found: Tenant) => Promise<T>): Promise<T> {
    return this.weaviate.call(what, (client) => request(client.collections.get(this.collection).withTenant(tenant)));
  }

  private async unlessMissing<T>(asked: Promise<T>, otherwise: T): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (isTenantMissing(error)) return otherwise;
      throw error;
    }
  }
}

function objectOf({ uuid, properties, vectors }: WeaviateGenericObject<undefined, unknown>): WeaviateObject {
  const all = vectors as Record<string, number[] | undefined>;
  return { id: uuid, properties: properties, vector: all["default"] ?? null };
}

/** The driver types properties by the collection's; here they are known by name only. */
interface NamedFilter {
  byProperty(name: string): Record<Condition["operator"], (value: unknown) => FilterValue>;
}

async function filterOf(shard: Tenant, { operator, conditions }: Where): Promise<FilterValue> {
  const { Filters } = await loadDriver();
  const by = shard.filter as unknown as NamedFilter;
  const each = conditions.map(({ property, operator: compares, value }) => by.byProperty(property)[compares](value));
  return operator === "and" ? Filters.and(...each) : Filters.or(...each);
}

function sortOf(shard: Tenant, [first, ...others]: NonNullable<Find["sort"]>) {
  if (first === undefined) return {};
  const start = shard.sort.byProperty(first.property as never, first.ascending);
  return { sort: others.reduce((by, { property, ascending }) => by.byProperty(property as never, ascending), start) };
}

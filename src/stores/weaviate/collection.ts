import type { Weaviate } from "./client.ts";

/** A property as Weaviate is to have it. */
export interface PropertySpec {
  readonly name: string;
  readonly type: "text" | "text[]" | "int";
  /** `field` keeps the value as one token; `word` splits it for keywords. */
  readonly tokenization?: "field" | "word";
  readonly isFilterable: boolean;
}

export interface WeaviateCollectionSpec {
  readonly name: string;
  readonly properties: readonly PropertySpec[];
}

/**
 * Makes the multi-tenant collection, with vectors of the application's own, when it is missing. True when it was made
 * here.
 */
export async function ensureCollection(weaviate: Weaviate, spec: WeaviateCollectionSpec): Promise<boolean> {
  const exists = (): Promise<boolean> =>
    weaviate.call(`look for collection ${spec.name}`, (client) => client.collections.exists(spec.name));
  if (await exists()) return false;
  const schema = {
    class: spec.name,
    vectorizer: "none",
    vectorIndexType: "hnsw",
    vectorIndexConfig: { distance: "cosine" },
    multiTenancyConfig: { enabled: true, autoTenantCreation: true, autoTenantActivation: true },
    properties: spec.properties.map(({ name, type, tokenization, isFilterable }) => ({
      name,
      dataType: [type],
      indexFilterable: isFilterable,
      indexSearchable: false,
      ...(type === "int" && isFilterable ? { indexRangeFilters: true } : {}),
      ...(tokenization === undefined ? {} : { tokenization }),
    })),
  };
  try {
    await weaviate.call(`create collection ${spec.name}`, (client) => client.collections.createFromSchema(schema));
    return true;
  } catch (error) {
    if (await exists()) return false;
    throw error;
  }
}

/**
 * How the live collection differs from what the records need; empty when it fits. Properties that are missing are made
 * by the first write.
 */
export async function schemaDifferences(weaviate: Weaviate, spec: WeaviateCollectionSpec): Promise<string[]> {
  const config = await weaviate.call(`describe collection ${spec.name}`, (client) =>
    client.collections.get(spec.name).config.get(),
  );
  const live = new Map(config.properties.map((property) => [property.name, property.dataType]));
  const found = config.multiTenancy.enabled ? [] : ["multi-tenancy is off, and must be on"];
  for (const { name, type } of spec.properties) {
    const is = live.get(name);
    if (is !== undefined && is !== type) found.push(`${name}: the type is ${is}, and must be ${type}`);
  }
  return found;
}

export async function listTenants(weaviate: Weaviate, collection: string): Promise<string[]> {
  const tenants = await weaviate.call("list tenants", (client) => client.collections.get(collection).tenants.get());
  return Object.keys(tenants).toSorted();
}

/** Empties the tenant, which is there afterwards. */
export async function emptyTenant(weaviate: Weaviate, collection: string, tenant: string): Promise<void> {
  await weaviate.call("empty a tenant", async (client) => {
    const { tenants } = client.collections.get(collection);
    await tenants.remove([tenant]);
    await tenants.create([{ name: tenant }]);
  });
}

import type { KvStore } from "../kv-store.ts";
import type { StoreSettings, StoreType } from "../store-settings.ts";

type Open<S extends StoreSettings> = (settings: S) => Promise<KvStore>;

const openers: { readonly [Type in StoreType]: Open<Extract<StoreSettings, { readonly type: Type }>> } = {
  JsonKVStorage: async (settings) => (await import("../json/json-store.ts")).JsonStore.open(settings),
  RedisKVStorage: async (settings) => (await import("./redis-store.ts")).RedisStore.open(settings),
  PGKVStorage: async (settings) => (await import("./postgres-store.ts")).PostgresStore.open(settings),
  MongoKVStorage: async (settings) => (await import("./mongodb-store.ts")).MongodbStore.open(settings),
};

/**
 * Connects to the store and reads nothing of it but its shape. Loads the client of this store and no other. Close it
 * when you are done.
 */
export async function openStore(settings: StoreSettings): Promise<KvStore> {
  return (openers[settings.type] as Open<StoreSettings>)(settings);
}

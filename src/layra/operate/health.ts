import { storeNames, type StoreName, type Stores } from "../stores.ts";
import { eachStore } from "./each-store.ts";

/** `{mongodb: true, redis: false, redis_error: "..."}`: a store that is not configured is not named. */
export type Health = { readonly [Key in StoreName]?: boolean } & { readonly [Key in `${StoreName}_error`]?: string };

/** Looked for in the bucket: that it is not there is the answer of a healthy store. */
const probeKey = "health_check";

const probes: Readonly<Record<StoreName, (stores: Stores) => Promise<unknown>>> = {
  mongodb: async (stores) => (await stores.mongodb()).command({ ping: 1 }),
  milvus: ({ milvus }) => milvus.call("list collections", (client) => client.showCollections()),
  redis: async (stores) => (await stores.redis()).ping(),
  minio: async (stores) => stores.objects().head(probeKey, AbortSignal.timeout(stores.options.timeoutMillis)),
  mysql: (stores) => stores.mysql().use((connection) => connection.query("select 1")),
};

/** Asks each store for its life, all at once. MySQL only where it is configured. */
export async function healthOf(stores: Stores, timeoutMillis: number, only = storeNames.slice()): Promise<Health> {
  const asked = only.filter((name) => name !== "mysql" || stores.options.mysql !== undefined);
  const questions = Object.fromEntries(asked.map((name) => [name, probes[name]]));
  const answers = await eachStore<Record<string, unknown>>(stores, questions, timeoutMillis);
  const lines = Object.entries(answers).flatMap(([name, answer]): [string, boolean | string][] =>
    answer.ok
      ? [[name, true]]
      : [
          [name, false],
          [`${name}_error`, answer.error],
        ],
  );
  return Object.fromEntries(lines);
}

export function isHealthy(health: Health): boolean {
  return Object.values(health).every((value) => value !== false);
}

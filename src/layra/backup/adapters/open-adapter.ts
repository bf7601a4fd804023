import type { StoreName, Stores } from "../../stores.ts";
import type { StoreAdapter } from "../adapter.ts";
import { milvusAdapter } from "./milvus.ts";
import { minioAdapter } from "./minio.ts";
import { mongodbAdapter } from "./mongodb.ts";
import { mysqlAdapter } from "./mysql.ts";
import { redisAdapter } from "./redis.ts";

/**
 * What names others comes before what it names: what MongoDB's documents name is there when they are read, and can only
 * be deleted until it is read.
 */
const backupOrder = ["mysql", "mongodb", "redis", "milvus", "minio"] as const satisfies readonly StoreName[];

const adapters: Readonly<Record<StoreName, (stores: Stores) => StoreAdapter | Promise<StoreAdapter>>> = {
  mysql: mysqlAdapter,
  mongodb: mongodbAdapter,
  redis: redisAdapter,
  milvus: milvusAdapter,
  minio: minioAdapter,
};

export async function openAdapter(stores: Stores, store: StoreName): Promise<StoreAdapter> {
  return adapters[store](stores);
}

/** The stores that were asked for, or all that are configured, in the order in which they are backed up. */
export function storesToBackUp(stores: Stores, only: readonly StoreName[]): StoreName[] {
  return backupOrder.filter((name) =>
    only.length > 0 ? only.includes(name) : name !== "mysql" || stores.options.mysql !== undefined,
  );
}

import { z } from "zod";
import { layraMilvus, layraMinio, layraMongodb, layraMysql, layraRedis } from "../../../config/sections/layra.ts";
import type { ConfigOf } from "../../../config/read-sections.ts";
import { storeNames, type Stores } from "../../../layra/stores.ts";
import type { CommandContext } from "../../context.ts";
import { repeated, value } from "../../options/flags.ts";
import { option, wholeNumber } from "../../options/values.ts";
import { warnOfUnverified } from "../../unverified.ts";

/** What withStores needs of the configuration. */
export const layraConfig = {
  mongodb: layraMongodb,
  milvus: layraMilvus,
  redis: layraRedis,
  minio: layraMinio,
  mysql: layraMysql,
};

export type LayraContext = CommandContext<ConfigOf<typeof layraConfig>>;

/**
 * Runs `work` with the five stores as the configuration says; each is connected when it is used. They are closed
 * afterwards.
 */
export async function withStores<T>(
  { config, log }: LayraContext,
  timeoutSeconds: number,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const { connectStores } = await import("../../../layra/stores.ts");
  const { mongodb, milvus, redis, minio, mysql } = config;
  warnOfUnverified({ mongodb: { uri: mongodb.uri, place: "MONGODB_URL" } }, log);
  const stores = connectStores({ mongodb, milvus, redis, minio, mysql, timeoutMillis: 1000 * timeoutSeconds });
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}

const names = option(`one or more of ${storeNames.join(", ")}, with commas between`, (text) => {
  const parts = text.split(",").map((part) => part.trim());
  const known = storeNames.filter((name) => parts.includes(name));
  return parts.every((part) => storeNames.some((name) => name === part)) ? known : undefined;
});

export const onlyFlag = repeated(
  "these stores alone, such as mongodb,redis",
  z
    .array(names)
    .transform((lists) => storeNames.filter((name) => lists.some((list) => list.includes(name))))
    .default([]),
);

export function timeoutFlag(seconds: number) {
  return value("seconds to wait for each store", wholeNumber(1, 3600).default(seconds));
}

/** What --only names, else all. */
export function chosen(only: readonly (typeof storeNames)[number][]): (typeof storeNames)[number][] {
  return only.length === 0 ? storeNames.slice() : [...only];
}

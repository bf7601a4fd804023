import { z } from "zod";
import { ConfigError } from "../config-error.ts";
import type { Environment } from "../config.ts";
import { boolean, matching, oneOf, wholeNumber } from "../values.ts";
import { httpAddress, weaviateVariables } from "./weaviate.ts";

/** Where Milvus is and how the notes are kept there. */
const milvusVariables = z.object({
  MILVUS_CLUSTER_ENDPOINT: httpAddress,
  /** Of a server that asks for one. */
  MILVUS_CLUSTER_TOKEN: z.string().optional(),
  MILVUS_COLLECTION: matching(
    /^[A-Za-z_][A-Za-z0-9_]{0,254}$/,
    "a name of a collection: letters, digits and _",
  ).default("nodes_collection_prod"),
  MILVUS_DIMENSION: wholeNumber(2, 32_768).default(768),
  MILVUS_ON_DIM_MISMATCH: oneOf("error", "pad", "truncate").default("error"),
  /** Of one request, in seconds. */
  MILVUS_TIMEOUT: wholeNumber(1, 3600).default(10),
  /** Every query is asked of both stores, and the log says what the other one answers. */
  MILVUS_DEBUG_QUERIES: boolean.default(false),
});

const variables = z.object({ ...weaviateVariables.shape, ...milvusVariables.shape });

/**
 * The configuration of the notes' way from Weaviate to Milvus; empty variables count as unset.
 * @throws ConfigError listing every missing and wrong variable, without any value
 */
export function parseVectorConfig(env: Environment) {
  const set = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== undefined && text.trim() !== ""));
  const missing = ["WEAVIATE_URL", "MILVUS_CLUSTER_ENDPOINT"].filter((name) => set[name] === undefined);
  const result = variables.safeParse(set);
  if (missing.length > 0) {
    const companions = "WEAVIATE_API_KEY and MILVUS_CLUSTER_TOKEN too, where the servers ask for them";
    throw new ConfigError(`${missing.join(" and ")} must be given (${companions}).`);
  }
  if (!result.success) throw new ConfigError(z.prettifyError(result.error));
  const given = result.data;
  return {
    weaviate: {
      url: given.WEAVIATE_URL,
      apiKey: given.WEAVIATE_API_KEY,
      collection: given.WEAVIATE_COLLECTION,
      timeoutMillis: 1000 * given.WEAVIATE_TIMEOUT,
    },
    milvus: {
      endpoint: given.MILVUS_CLUSTER_ENDPOINT,
      token: given.MILVUS_CLUSTER_TOKEN,
      collection: given.MILVUS_COLLECTION,
      dimension: given.MILVUS_DIMENSION,
      onDimensionMismatch: given.MILVUS_ON_DIM_MISMATCH,
      timeoutMillis: 1000 * given.MILVUS_TIMEOUT,
    },
    debugQueries: given.MILVUS_DEBUG_QUERIES,
  };
}

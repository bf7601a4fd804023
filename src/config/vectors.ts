import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { type Environment, readSections } from "./read-sections.ts";
import { milvusVariables } from "./sections/milvus.ts";
import { stateFile } from "./sections/state-file.ts";
import { weaviateVariables } from "./sections/weaviate.ts";

const variables = z.object({ ...weaviateVariables.shape, ...milvusVariables.shape });

/**
 * The configuration of the notes' way from Weaviate to Milvus; empty variables count as unset.
 * @throws ConfigError listing every missing and wrong variable, without any value
 */
export function parseVectorConfig(env: Environment) {
  const missing = ["WEAVIATE_URL", "MILVUS_CLUSTER_ENDPOINT"].filter((name) => (env[name] ?? "").trim() === "");
  if (missing.length > 0) {
    const companions = "WEAVIATE_API_KEY and MILVUS_CLUSTER_TOKEN too, where the servers ask for them";
    throw new ConfigError([`${missing.join(" and ")} must be given (${companions})`]);
  }
  const { given, stateFile: file } = readSections({ given: variables, stateFile }, env);
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
    stateFile: file,
  };
}

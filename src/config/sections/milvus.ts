import { z } from "zod";
import { boolean, matching, oneOf, wholeNumber } from "../values.ts";
import { httpAddress } from "./weaviate.ts";

/** Where Milvus is and how the notes are kept there. */
export const milvusVariables = z.object({
  MILVUS_CLUSTER_ENDPOINT: httpAddress.describe("address of Milvus"),
  /** Of a server that asks for one. */
  MILVUS_CLUSTER_TOKEN: z.string().optional().describe("of a server that asks for one"),
  MILVUS_COLLECTION: matching(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, "a name of a collection: letters, digits and _")
    .default("nodes_collection_prod")
    .describe("of the notes"),
  MILVUS_DIMENSION: wholeNumber(2, 32_768).default(768).describe("numbers of a vector"),
  MILVUS_ON_DIM_MISMATCH: oneOf("error", "pad", "truncate")
    .default("error")
    .describe("what is done with a vector of another length"),
  /** Of one request, in seconds. */
  MILVUS_TIMEOUT: wholeNumber(1, 3600).default(10).describe("seconds for one request"),
  /** Every query is asked of both stores, and the log says what the other one answers. */
  MILVUS_DEBUG_QUERIES: boolean
    .default(false)
    .describe("asks every query of both stores, and logs what the other one answers"),
});

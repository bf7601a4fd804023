import { z } from "zod";
import { boolean, matching, oneOf, wholeNumber } from "../values.ts";
import { httpAddress } from "./weaviate.ts";

/** Where Milvus is and how the notes are kept there. */
export const milvusVariables = z.object({
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

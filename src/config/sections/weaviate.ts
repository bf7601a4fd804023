import { z } from "zod";
import { matching, value, wholeNumber } from "../values.ts";

export const httpAddress = value("an http or https address, such as http://localhost:8080", (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" ? text : undefined;
});

/** Where Weaviate is and which collection has the notes. ?grpc=PORT of the address names its gRPC port. */
export const weaviateVariables = z.object({
  WEAVIATE_URL: httpAddress.describe("address of Weaviate; `?grpc=PORT` names its gRPC port"),
  WEAVIATE_API_KEY: z.string().optional().describe("of a server that asks for one"),
  WEAVIATE_COLLECTION: matching(/^[A-Z][A-Za-z0-9_]{0,254}$/, "a name of a collection, which begins with A-Z")
    .default("NodesProd3")
    .describe("of the notes"),
  /** Of one request, in seconds. */
  WEAVIATE_TIMEOUT: wholeNumber(1, 3600).default(30).describe("seconds for one request"),
});

import { z } from "zod";
import { wholeNumber } from "../values.ts";

/**
 * From how many milliseconds on statements and requests of all stores are logged; undefined for never. The guide names
 * it by Elasticsearch.
 */
export const slowQueryMs = z
  .object({ ELASTICSEARCH_SLOW_QUERY_MS: wholeNumber(0, 3_600_000).optional() })
  .transform((given) => given.ELASTICSEARCH_SLOW_QUERY_MS);

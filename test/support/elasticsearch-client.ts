import type { Client } from "@elastic/elasticsearch";
import { createClient } from "../../src/stores/elasticsearch/client.ts";
import { needs } from "./needs.ts";

/** Of the server that all test files share; each request is made once. The caller closes it. */
export async function elasticsearchClient(): Promise<Client> {
  return createClient({
    hosts: [await needs("elasticsearch")],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 60,
    maxRetries: 0,
  });
}

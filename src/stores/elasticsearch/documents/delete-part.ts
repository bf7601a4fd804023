import type { Client } from "@elastic/elasticsearch";
import { describeElasticsearchError } from "../errors.ts";
import { countDocuments, refreshIndex } from "../indices/indices.ts";
import { deleteDocuments } from "./delete-documents.ts";
import { documentIds } from "./document-ids.ts";

const idsPerPage = 5000;

/**
 * Deletes every document of a tenant's part of a shared index, by its id. Returns undefined when none is left, else what
 * Elasticsearch said against it; those deleted before are gone then. What is written meanwhile may stay. Rejects with
 * AbortError when stopped before all are gone.
 */
export async function deletePart(client: Client, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    await refreshIndex(client, name);
    for await (const ids of documentIds(client, name, { within: {}, pageSize: idsPerPage }, signal))
      await deleteDocuments(client, name, ids);
    signal.throwIfAborted();
    await refreshIndex(client, name);
    const left = await countDocuments(client, name);
    return left === 0 ? undefined : `${left} documents were written meanwhile`;
  } catch (error) {
    if (signal.aborted) throw error;
    return describeElasticsearchError(error).message;
  }
}

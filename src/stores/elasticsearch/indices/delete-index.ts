import type { Client } from "@elastic/elasticsearch";
import { described, describeElasticsearchError, errorType } from "../errors.ts";

/**
 * Deletes the index of this very name. Returns undefined when the index of this identity is gone, else what
 * Elasticsearch said against it. Throws AppError when it cannot be known whether it is gone.
 */
export async function deleteIndex(
  client: Client,
  { name, uuid }: { readonly name: string; readonly uuid: string },
): Promise<string | undefined> {
  try {
    // Never repeated: after an answer that was lost a second delete could meet a new index of this name. An alias is
    // refused by the server.
    await client.indices.delete({ index: name, expand_wildcards: "none" }, { maxRetries: 0 });
    return undefined;
  } catch (error) {
    const failure = describeElasticsearchError(error);
    if ((await indexUuid(client, name)) !== uuid) return undefined;
    if (errorType(error) === undefined) throw failure; // no answer: the delete may still be on its way
    return failure.message;
  }
}

/** The identity of the index of this name; undefined when there is none, or when the name is an alias. */
export async function indexUuid(client: Client, name: string): Promise<string | undefined> {
  const states = await described(
    client.cluster.state({
      metric: "metadata",
      index: name,
      filter_path: "metadata.indices.*.settings.index.uuid",
      ignore_unavailable: true,
    }),
  );
  const { metadata } = states as { metadata?: { indices?: Record<string, { settings: { index: { uuid: string } } }> } };
  return metadata?.indices?.[name]?.settings.index.uuid;
}

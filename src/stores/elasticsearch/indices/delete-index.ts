import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { described, describeElasticsearchError, errorType } from "../errors.ts";
import { identityOf, placeOf } from "./place.ts";

/**
 * Deletes the index of this very name. Returns undefined when the index of this identity is gone, else what
 * Elasticsearch said against it. Throws AppError when it cannot be known whether it is gone.
 */
export async function deleteIndex(
  client: Client,
  { name, uuid }: { readonly name: string; readonly uuid: string },
): Promise<string | undefined> {
  if (placeOf(name).tenantId !== undefined)
    throw new AppError("index_shared", `${name} is a part of an index that has documents of other tenants.`, {
      hint: "Nothing was deleted.",
    });
  return deleteExactly(client, name, async () => (await wholeIndexUuid(client, name)) === uuid);
}

async function deleteExactly(
  client: Client,
  name: string,
  isStillThere: () => Promise<boolean>,
): Promise<string | undefined> {
  try {
    // Never repeated: after an answer that was lost a second delete could meet a new index of this name. An alias is
    // refused by the server.
    await client.indices.delete({ index: name, expand_wildcards: "none" }, { maxRetries: 0 });
    return undefined;
  } catch (error) {
    const failure = describeElasticsearchError(error);
    if (!(await isStillThere())) return undefined;
    if (errorType(error) === undefined) throw failure; // no answer: the delete may still be on its way
    return failure.message;
  }
}

/**
 * Deletes an index that tenants share, with the parts of all of them; returns as deleteIndex does. Call only when nothing
 * in it is to stay (`documentsOfAll`).
 */
export async function deleteSharedIndex(
  client: Client,
  { index, uuid }: { readonly index: string; readonly uuid: string },
): Promise<string | undefined> {
  return deleteExactly(client, index, async () => (await wholeIndexUuid(client, index)) === uuid);
}

/** How many documents the index has, whosever they are, as of the last refresh; undefined where it is not there. */
export async function documentsOfAll(client: Client, index: string): Promise<number | undefined> {
  try {
    const { count, _shards: shards } = await client.count({ index });
    return shards.failed === 0 ? count : undefined;
  } catch (error) {
    if (errorType(error) === "index_not_found_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

/** The identity of the place of this name; undefined when its index is not there, or is an alias. */
export async function indexUuid(client: Client, name: string): Promise<string | undefined> {
  const place = placeOf(name);
  const uuid = await wholeIndexUuid(client, place.index);
  return uuid === undefined ? undefined : identityOf(place, uuid);
}

/** The uuid of the index, whether or not tenants share it. */
export async function wholeIndexUuid(client: Client, index: string): Promise<string | undefined> {
  const states = await described(
    client.cluster.state({
      metric: "metadata",
      index,
      filter_path: "metadata.indices.*.settings.index.uuid",
      ignore_unavailable: true,
    }),
  );
  const { metadata } = states as { metadata?: { indices?: Record<string, { settings: { index: { uuid: string } } }> } };
  return metadata?.indices?.[index]?.settings.index.uuid;
}

import type { Client } from "@elastic/elasticsearch";
import { described, describeElasticsearchError, errorType } from "../errors.ts";
import { isMark, type Mark, type SealNote } from "./template-files.ts";

/** What the program knows of an index that it has sealed. */
export interface SealedIndex {
  readonly note: SealNote;
  /** Whether it takes no documents now; false where the seal was begun and not finished, or lifted half way. */
  readonly isBlocked: boolean;
}

/**
 * Afterwards the index takes no documents and says that this program has blocked it; what was written before has
 * arrived. Whoever writes into it through the program lifts the seal (`unsealIndex`).
 */
export async function sealIndex(client: Client, name: string, note: SealNote): Promise<void> {
  // the note first: a block without a note is somebody else's, and is never lifted
  await noteSeal(client, name, note);
  await described(client.indices.addBlock({ index: name, block: "write" }));
}

/** The note in the index is this one afterwards. */
export async function noteSeal(client: Client, name: string, note: SealNote): Promise<void> {
  const mark = await readMark(client, name);
  if (mark !== undefined) await putMark(client, name, { ...mark, sealed: note });
}

/**
 * Afterwards the index takes documents again, if this program had sealed it; false when it had not, and nothing was
 * changed. Segments that were merged, and its replicas and tier, stay as they are.
 */
export async function unsealIndex(client: Client, name: string): Promise<boolean> {
  const mark = await readMark(client, name);
  if (mark?.sealed === undefined) return false;
  await described(client.indices.putSettings({ index: name, settings: { "index.blocks.write": null } }));
  const { sealed: _, ...unsealed } = mark;
  await putMark(client, name, unsealed);
  return true;
}

/**
 * Does `write` again, once, when it failed because this program had sealed the index in the meantime. `isBlocked` says
 * of an answer that it was refused so; a request that is refused as a whole throws.
 */
export async function throughSeal<T>(
  client: Client,
  index: string,
  write: () => Promise<T>,
  isBlocked: (answer: T) => boolean = () => false,
): Promise<T> {
  try {
    const answer = await write();
    return isBlocked(answer) && (await unsealIndex(client, index)) ? await write() : answer;
  } catch (error) {
    if (errorType(error) !== blockedType || !(await unsealIndex(client, index))) throw error;
    return write();
  }
}

export const blockedType = "cluster_block_exception";

/** The seal of an index as its mapping and settings have it; undefined where the program has not sealed it. */
export function sealOf(meta: unknown, isBlocked: boolean): SealedIndex | undefined {
  return isMark(meta) && meta.sealed !== undefined ? { note: meta.sealed, isBlocked } : undefined;
}

async function readMark(client: Client, name: string): Promise<Mark | undefined> {
  try {
    const found = await client.indices.getMapping({ index: name, filter_path: "*.mappings._meta" });
    const meta: unknown = found[name]?.mappings._meta;
    return isMark(meta) ? meta : undefined;
  } catch (error) {
    if (errorType(error) === "index_not_found_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

async function putMark(client: Client, name: string, mark: Mark): Promise<void> {
  await described(client.indices.putMapping({ index: name, _meta: { ...mark } }));
}

import type { Db } from "mongodb";
import { collection } from "./documents.ts";

/** What turns name where they use no knowledge base of their own. */
const nothing = ["", null];

/**
 * The temporary knowledge bases that turns of live conversations and chatflows name; of `ids` alone where these are
 * given. Chatflows have no mark of deletion in older versions: what is not marked lives.
 */
export async function referencedTempIds(db: Db, ids?: readonly string[]): Promise<Set<string>> {
  const wanted = ids?.flatMap(spellings);
  const named = wanted === undefined ? { $nin: nothing } : { $in: wanted };
  const found = new Set<string>();
  for (const name of ["conversations", "chatflows"] as const) {
    const groups = collection(db, name).aggregate<{ _id: unknown }>([
      { $match: { is_delete: { $ne: true }, ...(wanted && { "turns.temp_db": { $in: wanted } }) } },
      { $unwind: "$turns" },
      { $match: { "turns.temp_db": named } },
      { $group: { _id: "$turns.temp_db" } },
    ]);
    for await (const { _id } of groups) if (typeof _id === "string") found.add(normalised(_id));
  }
  return found;
}

/** Ids are compared as Milvus knows them, where `-` is `_`: in doubt a knowledge base counts as referred to. */
export function normalised(id: string): string {
  return id.replaceAll("-", "_");
}

function spellings(id: string): string[] {
  return [...new Set([id, normalised(id), id.replaceAll("_", "-"), `temp_${id.slice(5).replaceAll("_", "-")}`])];
}

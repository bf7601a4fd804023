import type { Db } from "mongodb";
import type { Stores } from "../stores.ts";
import { checkCollection, deleteCollection, deleteFiles } from "../milvus/knowledge.ts";
import { failed, type Outcome, success } from "../outcome.ts";
import { collection, type KnowledgeBase, newestFirst, withoutId } from "./documents.ts";
import { deleteFilesBulk } from "./files.ts";

/** A knowledge base that is there already stays as it is, and that is a success. */
export async function createKnowledgeBase(
  stores: Stores,
  username: string,
  name: string,
  kbId: string,
  isDelete = false,
): Promise<Outcome & { readonly id: string }> {
  const db = await stores.mongodb();
  const now = new Date();
  const { upsertedCount } = await collection(db, "knowledge_bases").updateOne(
    { knowledge_base_id: kbId },
    {
      $setOnInsert: {
        knowledge_base_name: name,
        username,
        files: [],
        used_chat: [],
        created_at: now,
        last_modify_at: now,
        is_delete: isDelete,
      },
    },
    { upsert: true },
  );
  return { ...success(upsertedCount === 1 ? "Knowledge base created" : "Knowledge base exists already"), id: kbId };
}

/** Null where there is none, or one that is deleted. */
export async function getKnowledgeBaseById(stores: Stores, kbId: string): Promise<KnowledgeBase | null> {
  const db = await stores.mongodb();
  return collection(db, "knowledge_bases").findOne({ knowledge_base_id: kbId, is_delete: false }, withoutId);
}

/** Last modified first, without deleted ones. */
export async function getKnowledgeBasesByUser(stores: Stores, username: string): Promise<KnowledgeBase[]> {
  const db = await stores.mongodb();
  return collection(db, "knowledge_bases").find({ username, is_delete: false }, newestFirst).toArray();
}

export async function updateKnowledgeBaseName(stores: Stores, kbId: string, name: string): Promise<Outcome> {
  const db = await stores.mongodb();
  const { matchedCount } = await collection(db, "knowledge_bases").updateOne(
    { knowledge_base_id: kbId, is_delete: false },
    { $set: { knowledge_base_name: name, last_modify_at: new Date() } },
  );
  return matchedCount === 1 ? success("Knowledge base renamed") : failed("Knowledge base not found");
}

/**
 * Deletes the knowledge base with all that belongs to it: its vectors, its files with their objects, and itself last,
 * so that the same call ends what one that failed on the way has left. A collection that another knowledge base also
 * has stays, without the vectors of these files.
 */
export async function deleteKnowledgeBase(stores: Stores, kbId: string): Promise<Outcome> {
  const db = await stores.mongodb();
  const files = await collection(db, "files").distinct("file_id", { knowledge_db_id: kbId });
  await deleteVectors(stores, db, kbId, files);
  const { failed_objects } = await deleteFilesBulk(stores, files);
  if (failed_objects.length > 0)
    return failed(`${failed_objects.length} objects of the knowledge base were not deleted`);
  const { deletedCount } = await collection(db, "knowledge_bases").deleteOne({ knowledge_base_id: kbId });
  if (deletedCount === 0 && files.length === 0) return failed("Knowledge base not found");
  return success(`Knowledge base deleted with ${files.length} files`);
}

async function deleteVectors(stores: Stores, db: Db, kbId: string, files: readonly string[]): Promise<void> {
  if (!/^[A-Za-z0-9_-]+$/.test(kbId)) return; // no collection can have such an id
  const others = await withTheSameCollection(db, kbId);
  if (others.length === 0) return void (await deleteCollection(stores.milvus, kbId));
  if (files.length === 0 || !(await checkCollection(stores.milvus, kbId))) return;
  const theirs = new Set(await collection(db, "files").distinct("file_id", { knowledge_db_id: { $in: others } }));
  await deleteFiles(
    stores.milvus,
    kbId,
    files.filter((id) => !theirs.has(id)),
  );
}

/**
 * Ids of further knowledge bases whose vectors are in the same collection, as `a-b` and `a_b` are: those marked as
 * deleted too, as the application brings them back by taking the mark off.
 */
async function withTheSameCollection(db: Db, kbId: string): Promise<string[]> {
  const $regex = `^${kbId.replaceAll(/[-_]/g, "[-_]")}$`;
  const ids = await collection(db, "knowledge_bases").distinct("knowledge_base_id", { knowledge_base_id: { $regex } });
  return ids.filter((id) => id !== kbId);
}

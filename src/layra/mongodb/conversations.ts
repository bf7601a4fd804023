import type { Stores } from "../stores.ts";
import { failed, type Outcome, success } from "../outcome.ts";
import { collection, type Conversation, newestFirst, type Turn, withoutId } from "./documents.ts";
import { claimTempKnowledge, removeUnreferenced } from "./remove-unreferenced.ts";

export async function createConversation(
  stores: Stores,
  conversationId: string,
  username: string,
  name: string,
  modelConfig: unknown,
): Promise<Outcome & { readonly id: string }> {
  const db = await stores.mongodb();
  const now = new Date();
  const { upsertedCount } = await collection(db, "conversations").updateOne(
    { conversation_id: conversationId },
    {
      $setOnInsert: {
        conversation_name: name,
        username,
        model_config: modelConfig,
        turns: [],
        created_at: now,
        last_modify_at: now,
        is_read: true,
        is_delete: false,
      },
    },
    { upsert: true },
  );
  const message = upsertedCount === 1 ? success("Conversation created") : failed("Conversation exists already");
  return { ...message, id: conversationId };
}

/** Null where there is none, or one that is deleted. */
export async function getConversation(stores: Stores, conversationId: string): Promise<Conversation | null> {
  const db = await stores.mongodb();
  return collection(db, "conversations").findOne({ conversation_id: conversationId, is_delete: false }, withoutId);
}

/** Last modified first, without deleted ones. */
export async function getConversationsByUser(stores: Stores, username: string): Promise<Conversation[]> {
  const db = await stores.mongodb();
  return collection(db, "conversations").find({ username, is_delete: false }, newestFirst).toArray();
}

/**
 * Adds a turn; one whose message is there already stays as it is. A turn whose temporary knowledge base is gone fails,
 * and is not kept.
 */
export async function addTurn(
  stores: Stores,
  conversationId: string,
  messageId: string,
  parentMessageId: string,
  userMessage: unknown,
  aiMessage: unknown,
  files: readonly unknown[],
  tempDb: string,
): Promise<Outcome> {
  const db = await stores.mongodb();
  const conversations = collection(db, "conversations");
  const now = new Date();
  const turn: Turn = {
    message_id: messageId,
    parent_message_id: parentMessageId,
    user_message: userMessage,
    temp_db: tempDb,
    ai_message: aiMessage,
    file_used: files,
    timestamp: now,
  };
  const { matchedCount } = await conversations.updateOne(
    { conversation_id: conversationId, is_delete: false, "turns.message_id": { $ne: messageId } },
    { $push: { turns: turn }, $set: { last_modify_at: now } },
  );
  if (matchedCount === 0) {
    const isThere = await conversations.countDocuments({ conversation_id: conversationId, is_delete: false });
    return isThere > 0 ? success("Turn exists already") : failed("Conversation not found");
  }
  if (tempDb === "" || (await claimTempKnowledge(stores, tempDb))) return success("Turn added");
  await conversations.updateOne(
    { conversation_id: conversationId },
    { $pull: { turns: { message_id: messageId, temp_db: tempDb } } },
  );
  return failed(`Temporary knowledge base ${tempDb} is gone`);
}

/**
 * Deletes the conversation, then the temporary knowledge bases of its turns that no other conversation or chatflow
 * names.
 */
export async function deleteConversation(stores: Stores, conversationId: string): Promise<Outcome> {
  const db = await stores.mongodb();
  const deleted = await collection(db, "conversations").findOneAndDelete({ conversation_id: conversationId });
  if (deleted === null) return failed("Conversation not found");
  return removeTempKnowledge(stores, "Conversation", deleted.turns);
}

export async function removeTempKnowledge(stores: Stores, what: string, turns: readonly Turn[]): Promise<Outcome> {
  const named = new Set(turns.map(({ temp_db }) => temp_db).filter((id) => typeof id === "string" && id !== ""));
  let removed = 0;
  for (const id of named) if ((await removeUnreferenced(stores, id)) === "removed") removed++;
  return success(`${what} deleted with ${removed} temporary knowledge bases`);
}

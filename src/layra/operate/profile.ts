import type { Document } from "mongodb";
import { getConversationsByUser } from "../mongodb/conversations.ts";
import { collection, type Conversation, type KnowledgeBase, type Workflow, withoutId } from "../mongodb/documents.ts";
import { getKnowledgeBasesByUser } from "../mongodb/knowledge-bases.ts";
import { getWorkflowsByUser } from "../mongodb/workflows.ts";
import type { Stores } from "../stores.ts";

export interface UserProfile {
  readonly username: string;
  readonly model_config: Document | null;
  readonly custom_nodes: Document | null;
  readonly knowledge_bases: readonly KnowledgeBase[];
  readonly conversations: readonly Conversation[];
  readonly workflows: readonly Workflow[];
}

/**
 * Everything of one user that is not deleted; conversations and workflows last modified first. Holds API keys of the
 * user's models.
 */
export async function userProfile(stores: Stores, username: string): Promise<UserProfile> {
  const db = await stores.mongodb();
  const [model_config, custom_nodes, knowledge_bases, conversations, workflows] = await Promise.all([
    collection(db, "model_config").findOne({ username }, withoutId),
    collection(db, "nodes").findOne({ username }, withoutId),
    getKnowledgeBasesByUser(stores, username),
    getConversationsByUser(stores, username),
    getWorkflowsByUser(stores, username),
  ]);
  return { username, model_config, custom_nodes, knowledge_bases, conversations, workflows };
}

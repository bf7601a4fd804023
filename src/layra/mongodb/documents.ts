import type { Collection, Db } from "mongodb";

/** The collections of the application: what each holds. Fields that are not listed are kept as they are. */
export interface FileEntry {
  readonly file_id: string;
  readonly filename: string;
  readonly minio_filename: string;
  readonly minio_url: string;
  readonly created_at: Date;
}

export interface KnowledgeBase {
  knowledge_base_id: string;
  knowledge_base_name: string;
  username: string;
  files: FileEntry[];
  used_chat: string[];
  created_at: Date;
  last_modify_at: Date;
  is_delete: boolean;
  /** While it is looked at as an orphan (orphans.ts): which look that is, and whether it goes for good. */
  orphan?: { check: string; state: "marked" | "deleting" };
}

export interface ImageEntry {
  readonly images_id: string;
  readonly minio_filename: string;
  readonly minio_url: string;
  readonly page_number: number;
}

export interface FileDocument {
  file_id: string;
  filename: string;
  username: string;
  minio_filename: string;
  minio_url: string;
  knowledge_db_id: string;
  images: ImageEntry[];
  created_at: Date;
  last_modify_at: Date;
  is_delete: boolean;
}

export interface Turn {
  readonly message_id: string;
  readonly parent_message_id: string;
  readonly user_message: unknown;
  readonly temp_db: string;
  readonly ai_message: unknown;
  readonly file_used: readonly unknown[];
  readonly status?: string;
  readonly timestamp: Date;
  readonly total_token?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens?: number;
}

export interface Conversation {
  conversation_id: string;
  conversation_name: string;
  username: string;
  model_config: unknown;
  turns: Turn[];
  created_at: Date;
  last_modify_at: Date;
  is_read: boolean;
  is_delete: boolean;
}

export interface Chatflow {
  chatflow_id: string;
  workflow_id: string;
  chatflow_name: string;
  username: string;
  turns: Turn[];
}

export interface Workflow {
  workflow_id: string;
  username: string;
  workflow_name: string;
  workflow_config: unknown;
  nodes: unknown[];
  edges: unknown[];
  created_at: Date;
  last_modify_at: Date;
  is_delete: boolean;
}

export interface Model {
  readonly model_id: string;
  readonly [field: string]: unknown;
}

export interface ModelConfig {
  username: string;
  selected_model: string;
  models: Model[];
}

interface Documents {
  readonly knowledge_bases: KnowledgeBase;
  readonly files: FileDocument;
  readonly conversations: Conversation;
  readonly chatflows: Chatflow;
  readonly workflows: Workflow;
  readonly model_config: ModelConfig;
  readonly nodes: { username: string; custom_nodes: Record<string, unknown> };
}

export const collectionNames = [
  "knowledge_bases",
  "files",
  "conversations",
  "chatflows",
  "workflows",
  "model_config",
  "nodes",
] as const satisfies readonly (keyof Documents)[];

export function collection<Name extends keyof Documents>(db: Db, name: Name): Collection<Documents[Name]> {
  return db.collection<Documents[Name]>(name);
}

/** Documents without MongoDB's own id. */
export const withoutId = { projection: { _id: 0 } } as const;

/** Last modified first; ids settle the order of equal times. */
export const newestFirst = { ...withoutId, sort: { last_modify_at: -1, _id: -1 } } as const;

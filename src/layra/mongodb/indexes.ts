import type { Db, IndexSpecification } from "mongodb";
import type { collectionNames } from "./documents.ts";

interface IndexSpec {
  readonly collection: (typeof collectionNames)[number];
  readonly key: IndexSpecification & object;
  readonly unique?: boolean;
}

/**
 * The indexes that the application's queries need. Chatflows are listed by `workflow_id`; the application itself once
 * made that index on `workflow`.
 */
const indexes: readonly IndexSpec[] = [
  { collection: "knowledge_bases", key: { knowledge_base_id: 1 }, unique: true },
  { collection: "knowledge_bases", key: { username: 1, is_delete: 1 } },
  { collection: "knowledge_bases", key: { "files.filename": 1 } },
  { collection: "model_config", key: { username: 1 }, unique: true },
  { collection: "files", key: { file_id: 1 }, unique: true },
  { collection: "files", key: { knowledge_db_id: 1 } },
  { collection: "files", key: { filename: 1 } },
  { collection: "conversations", key: { conversation_id: 1 }, unique: true },
  { collection: "conversations", key: { username: 1, last_modify_at: -1 } },
  { collection: "chatflows", key: { chatflow_id: 1 }, unique: true },
  { collection: "chatflows", key: { workflow_id: 1, last_modify_at: -1 } },
  { collection: "workflows", key: { username: 1, workflow_id: 1 }, unique: true },
  { collection: "workflows", key: { username: 1, last_modify_at: -1 } },
  { collection: "nodes", key: { username: 1 }, unique: true },
];

/** Makes the indexes that are missing. Harmless when repeated. */
export async function ensureIndexes(db: Db): Promise<void> {
  for (const { collection, key, unique } of indexes)
    await db.collection(collection).createIndex(key, unique === true ? { unique } : {});
}

import type { Db } from "mongodb";

/** Chatflows are listed by these; an index on `workflow`, which no chatflow has, serves nobody. */
const rightKey = { workflow_id: 1, last_modify_at: -1 } as const;

export interface ChatflowIndex {
  readonly right: boolean;
  /** Names of indexes on the field that is not there. */
  readonly wrong: readonly string[];
}

export async function lookAtChatflowIndex(db: Db): Promise<ChatflowIndex> {
  const exists = await db.listCollections({ name: "chatflows" }, { nameOnly: true }).hasNext();
  const found = exists ? await db.collection("chatflows").indexes() : [];
  const fields = (index: (typeof found)[number]): string[] => Object.keys(index.key);
  return {
    right: found.some((index) => fields(index)[0] === "workflow_id" && fields(index)[1] === "last_modify_at"),
    wrong: found.filter((index) => fields(index)[0] === "workflow").map(({ name }) => name!),
  };
}

export interface IndexFix {
  readonly created: boolean;
  readonly dropped: readonly string[];
  readonly dryRun: boolean;
}

/** Makes the index that chatflows are listed by, and only then drops the wrong one. Harmless when repeated. */
export async function fixChatflowIndex(db: Db, dryRun: boolean): Promise<IndexFix> {
  const { right, wrong } = await lookAtChatflowIndex(db);
  const fix = { created: !right, dropped: wrong, dryRun };
  if (dryRun) return fix;
  if (!right) await db.collection("chatflows").createIndex(rightKey);
  for (const name of wrong) await db.collection("chatflows").dropIndex(name);
  return fix;
}

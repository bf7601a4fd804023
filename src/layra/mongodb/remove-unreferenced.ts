import { randomUUID } from "node:crypto";
import type { Stores } from "../stores.ts";
import { collection } from "./documents.ts";
import { deleteKnowledgeBase } from "./knowledge-bases.ts";
import { normalised, referencedTempIds } from "./references.ts";

export type Removal = "removed" | "referenced" | "gone" | "failed";

/** Where tests strike, in this order. */
export type RemovalStep = "begin" | "marked" | "rechecked" | "decided" | "deleted";

/**
 * Deletes a temporary knowledge base with its vectors and files, unless a turn refers to it. Looking and deleting are
 * no one step in MongoDB, so: it is marked first, and only then looked for. A writer does it the other way round
 * (`claimTempKnowledge`): it writes its turn, then takes the mark off. So one of both sees the other. The delete is
 * decided by one update that the mark's removal makes fail; from then on a writer is told that it is gone. Whoever dies
 * on the way leaves a mark, and the next one goes on from there.
 */
export async function removeUnreferenced(
  stores: Stores,
  kbId: string,
  atStep: (step: RemovalStep) => Promise<void> = async () => {},
): Promise<Removal> {
  const db = await stores.mongodb();
  const knowledgeBases = collection(db, "knowledge_bases");
  const check = randomUUID();
  await atStep("begin");
  const marked = await knowledgeBases.updateOne(
    {
      knowledge_base_id: kbId,
      "orphan.state": { $ne: "deleting" },
      $or: [{ is_delete: false }, { "orphan.state": "marked" }],
    },
    { $set: { is_delete: true, orphan: { check, state: "marked" } } },
  );
  if (marked.matchedCount === 1) {
    await atStep("marked");
    if ((await referencedTempIds(db, [kbId])).has(normalised(kbId))) {
      await knowledgeBases.updateOne(
        { knowledge_base_id: kbId, "orphan.check": check, "orphan.state": "marked" },
        { $set: { is_delete: false }, $unset: { orphan: "" } },
      );
      return "referenced";
    }
    await atStep("rechecked");
    const decided = await knowledgeBases.updateOne(
      { knowledge_base_id: kbId, "orphan.check": check, "orphan.state": "marked" },
      { $set: { "orphan.state": "deleting" } },
    );
    if (decided.matchedCount === 0) return "referenced";
    await atStep("decided");
  } else if ((await knowledgeBases.findOne({ knowledge_base_id: kbId, "orphan.state": "deleting" })) === null) {
    return "gone";
  }
  const { status } = await deleteKnowledgeBase(stores, kbId);
  await atStep("deleted");
  return status === "failed" ? "failed" : "removed";
}

/**
 * Called after a turn that names it was written: true when the knowledge base is there and stays, false when it is
 * gone. Takes off the mark of a removal that has not been decided.
 */
export async function claimTempKnowledge(stores: Stores, kbId: string): Promise<boolean> {
  const db = await stores.mongodb();
  const knowledgeBases = collection(db, "knowledge_bases");
  await knowledgeBases.updateOne(
    { knowledge_base_id: kbId, "orphan.state": "marked" },
    { $set: { is_delete: false }, $unset: { orphan: "" } },
  );
  return (await knowledgeBases.findOne({ knowledge_base_id: kbId, is_delete: false })) !== null;
}

import type { Stores } from "../stores.ts";
import { failed, type Outcome, success } from "../outcome.ts";
import { removeTempKnowledge } from "./conversations.ts";
import { collection, newestFirst, withoutId, type Workflow } from "./documents.ts";

/** Makes the workflow, or replaces what it does. */
export async function updateWorkflow(
  stores: Stores,
  username: string,
  workflowId: string,
  name: string,
  config: unknown,
  nodes: readonly unknown[],
  edges: readonly unknown[],
): Promise<Outcome & { readonly id: string }> {
  const db = await stores.mongodb();
  const now = new Date();
  await collection(db, "workflows").updateOne(
    { username, workflow_id: workflowId },
    {
      $set: {
        workflow_name: name,
        workflow_config: config,
        nodes: [...nodes],
        edges: [...edges],
        last_modify_at: now,
        is_delete: false,
      },
      $setOnInsert: { start_node: "node_start", global_variables: {}, created_at: now },
    },
    { upsert: true },
  );
  return { ...success("Workflow saved"), id: workflowId };
}

/** Null where there is none, or one that is deleted. */
export async function getWorkflow(stores: Stores, workflowId: string): Promise<Workflow | null> {
  const db = await stores.mongodb();
  return collection(db, "workflows").findOne({ workflow_id: workflowId, is_delete: false }, withoutId);
}

/** Last modified first, without deleted ones. */
export async function getWorkflowsByUser(stores: Stores, username: string): Promise<Workflow[]> {
  const db = await stores.mongodb();
  return collection(db, "workflows").find({ username, is_delete: false }, newestFirst).toArray();
}

/**
 * Deletes the workflow's chatflows with their temporary knowledge bases, and itself last, so that a call that failed on
 * the way can be repeated.
 */
export async function deleteWorkflow(stores: Stores, workflowId: string): Promise<Outcome> {
  const db = await stores.mongodb();
  const chatflows = await collection(db, "chatflows").find({ workflow_id: workflowId }).toArray();
  for (const { chatflow_id, turns } of chatflows) {
    await collection(db, "chatflows").deleteOne({ chatflow_id });
    await removeTempKnowledge(stores, "Chatflow", turns ?? []);
  }
  const { deletedCount } = await collection(db, "workflows").deleteOne({ workflow_id: workflowId });
  return deletedCount === 1
    ? success(`Workflow deleted with ${chatflows.length} chatflows`)
    : failed("Workflow not found");
}

import { sql } from "kysely";
import type { DeleteSelection, StateDatabase } from "../database.ts";
import type { DirtyScope } from "./dirty-rows.ts";

export interface RequestedDelete {
  /** A bigint, as text. */
  readonly id: string;
  readonly dataType: string;
  readonly tenantId: string;
  readonly selection: DeleteSelection;
}

export async function requestDelete(db: StateDatabase, request: Omit<RequestedDelete, "id">): Promise<string> {
  const { id } = await db
    .insertInto("requested_deletes")
    .values({
      data_type: request.dataType,
      tenant_id: request.tenantId,
      selection: JSON.stringify(request.selection),
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/**
 * Asks for the documents of node executions of deleted runs, where cleanup took rows of node executions of the tenant: a run that messages keep outlives them, and
 * whoever deletes it then has no row of them to delete.
 */
export async function requestDeleteOfPurgedNodes(
  db: StateDatabase,
  tenantId: string,
  workflowRunIds: readonly string[],
): Promise<void> {
  if (workflowRunIds.length === 0) return;
  const dataType = "node_executions";
  const purged = await db
    .selectFrom("purged_rows")
    .select("record_id")
    .where((row) => row.and({ data_type: dataType, tenant_id: tenantId }))
    .limit(1)
    .executeTakeFirst();
  if (purged !== undefined) await requestDelete(db, { dataType, tenantId, selection: { workflowRunIds } });
}

/** The oldest behind `after`. */
export async function listRequestedDeletes(
  db: StateDatabase,
  { dataTypes, tenantIds }: DirtyScope,
  after = "0",
): Promise<RequestedDelete[]> {
  let query = db
    .selectFrom("requested_deletes")
    .selectAll()
    .where("data_type", "in", dataTypes)
    .where("id", ">", after)
    .orderBy("id")
    .limit(100);
  if (tenantIds.length > 0) query = query.where(sql<boolean>`tenant_id = any(${tenantIds})`);
  return (await query.execute()).map((row) => ({
    id: row.id,
    dataType: row.data_type,
    tenantId: row.tenant_id,
    selection: row.selection,
  }));
}

export async function forgetRequestedDelete(db: StateDatabase, id: string): Promise<void> {
  await db.deleteFrom("requested_deletes").where("id", "=", id).execute();
}

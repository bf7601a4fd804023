import { sql } from "kysely";
import type { DeleteSelection, StateDatabase } from "../database.ts";
import { deletionTimes } from "./deleted-rows.ts";
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
 * Asks for the documents of node executions of deleted runs whose rows cleanup had taken by then: a run that messages
 * keep outlives them, and whoever deletes it has no row of them to delete. A node execution that was still there when
 * its run was deleted is the platform's to delete. Call before the notes of the deletions are settled.
 */
export async function requestDeleteOfPurgedNodes(
  db: StateDatabase,
  tenantId: string,
  runIds: readonly string[],
): Promise<void> {
  if (runIds.length === 0) return;
  const dataType = "node_executions";
  const purged = await db
    .selectFrom("purged_rows")
    .select("record_id")
    .where((row) => row.and({ data_type: dataType, tenant_id: tenantId }))
    .limit(1)
    .executeTakeFirst();
  if (purged === undefined) return;
  const ofDeletedRuns = Object.fromEntries(await deletionTimes(db, "workflow_runs", runIds));
  await requestDelete(db, { dataType, tenantId, selection: { ofDeletedRuns } });
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

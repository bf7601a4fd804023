import { eachErrorPage } from "../../runs/record-errors.ts";
import { SqliteRecordErrors } from "../../stores/sqlite/record-errors.ts";
import type { VectorConnections } from "../connections.ts";
import { type ApplyReport, applyDirty } from "../dual-write/apply-dirty.ts";
import { checkTenant } from "../operations/tenants.ts";
import { noteDirty } from "../state/write-log.ts";
import { syncScope } from "./sync.ts";

/**
 * Copies the records of the tenant that were refused once more, as they are in the first store now. Those that are
 * refused again are kept as writes that the second store has not got, with the new reason. Throws AppError when a store
 * does not answer: what was not copied by then waits for apply-dirty.
 */
export async function retryErrors(
  connections: VectorConnections,
  tenant: string,
  signal: AbortSignal,
): Promise<ApplyReport> {
  checkTenant(tenant);
  const errors = new SqliteRecordErrors(connections.state);
  const scope = syncScope(tenant);
  for await (const page of eachErrorPage(errors, { scopes: [scope] })) {
    const ids = page.map(({ id }) => id);
    await noteDirty(connections.state, tenant, ids); // first: a record is in the one list or in the other
    await errors.forget(scope, ids);
  }
  return { ...(await applyDirty(connections, [tenant], signal)), command: "milvus errors retry" };
}

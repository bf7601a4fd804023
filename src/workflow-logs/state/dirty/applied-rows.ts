import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";

/** Rows written from their note that no checkpoint covers yet: the next plan lists them. */
export async function rememberApplied(
  db: StateDatabase,
  { dataType, tenantId }: { readonly dataType: string; readonly tenantId: string },
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await sql`insert into log_archive.applied_rows (data_type, record_id, tenant_id)
    select distinct ${dataType}, id, ${tenantId} from unnest(${ids}::text[]) id
    on conflict (data_type, record_id) do update set tenant_id = excluded.tenant_id, xid = pg_current_xact_id()`.execute(
    db,
  );
}

/** Forgets those that a plan has seen: written by transactions before `xmin`, the oldest under way when it was made. */
export async function forgetApplied(
  db: StateDatabase,
  { dataTypes, tenantIds }: { readonly dataTypes: readonly string[]; readonly tenantIds: readonly string[] },
  xmin: string,
): Promise<void> {
  await sql`delete from log_archive.applied_rows where data_type = any(${dataTypes}) and xid < ${xmin}::xid8
     and (${tenantIds.length === 0} or tenant_id = any(${tenantIds}))`.execute(db);
}

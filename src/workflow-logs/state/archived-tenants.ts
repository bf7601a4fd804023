import { sql } from "kysely";
import type { StateDatabase } from "./database.ts";

/**
 * Those of the tenants whose logs are in the archive or are written there, or that a migration has found without any;
 * all of them once one was started for every tenant.
 */
export async function archivedTenants(db: StateDatabase, tenantIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom(sql<{ tenant: string }>`unnest(${tenantIds}::text[])`.as<"t">(sql`t(tenant)`))
    .select("tenant")
    .where(
      sql<boolean>`exists (select from log_archive.partitions p where p.tenant_id = tenant)
        or exists (select from log_archive.listed_scopes l where l.tenant_id = tenant)
        or exists (select from log_archive.rollouts o where o.tenant_id = tenant and o.write_mode <> 'postgres')
        or exists (select from log_archive.runs r where r.command = 'elasticsearch migrate' and r.options -> 'scope' -> 'tenantIds' = '[]')`,
    )
    .execute();
  return new Set(rows.map((row) => row.tenant));
}

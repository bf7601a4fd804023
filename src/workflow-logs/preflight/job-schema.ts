import type { Pool } from "pg";
import { jobSchema } from "../../stores/postgres/jobs/open-boss.ts";
import { schemaStanding } from "../../stores/postgres/schema-standing.ts";
import { quoteIdentifier } from "../../stores/postgres/table.ts";
import type { SchemaObstacle } from "../state/schema-access.ts";

/**
 * Why this role cannot keep schedules and jobs; undefined where it can. Who makes and upgrades the tables has to own
 * them. Needs no privilege itself.
 */
export async function jobSchemaObstacle(pool: Pool): Promise<SchemaObstacle | undefined> {
  const { role, owner, mayUse, cannotMake } = await schemaStanding(pool, jobSchema);
  if (owner === null) return cannotMake;
  if (mayUse) return undefined;
  return {
    message: `The schema ${jobSchema} or its tables are another role's, and ${role} may not keep schedules and jobs there.`,
    hint: `GRANT ${quoteIdentifier(owner)} TO ${quoteIdentifier(role)}; to work as that role, or REASSIGN OWNED BY that role.`,
  };
}

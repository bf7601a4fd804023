import { grantFor } from "../cleanup/requirements.ts";
import { findDeleteTriggers } from "../cleanup/tables/delete-triggers.ts";
import { findForeignKeys, labelOf, sqlNamesOf } from "../cleanup/tables/foreign-keys.ts";
import { relatedTables } from "../cleanup/tables/related-tables.ts";
import { dataTypes } from "../partitions/log-types.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import { type Check, fail, type Finding, ok, warn } from "./finding.ts";

const check = "your own tables";

/**
 * What the operator made that concerns deletes of logs: foreign keys keep rows from cleanup-pg, triggers run for it.
 */
export const ownReferences =
  (level: typeof fail | typeof warn): Check =>
  async ({ connections }) => {
    const { postgres, settings } = connections;
    const sources = await inspectSources(postgres, { dataTypes, tenantIds: [] }, settings.searchText);
    if (sources.length < dataTypes.length) return [];
    const related = await relatedTables(postgres, sources);
    const keys = (await findForeignKeys(postgres, related)).all;
    const triggers = await findDeleteTriggers(postgres, sqlNamesOf(related));
    const findings: Finding[] = keys.map((key) => {
      const text = `${labelOf(key)} refers to ${key.refersTo} (on delete ${key.onDelete})`;
      if (key.hidden !== null)
        return level(check, `${text}, and ${key.role} cannot see all of it: cleanup-pg would fail.`, grantFor(key));
      return ok(check, `${text}: cleanup-pg keeps the rows that it refers to, and changes nothing of yours`);
    });
    if (triggers.length === 0) return findings;
    const list = triggers.map(({ name, table }) => `${name} on ${table}`).join(", ");
    const hint = "Make sure that what they do is wanted for rows that are archived and purged.";
    return [
      ...findings,
      warn(check, `Triggers or rules of yours run for each row that cleanup-pg deletes: ${list}.`, hint),
    ];
  };

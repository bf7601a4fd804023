import { grantFor } from "../cleanup/requirements.ts";
import { type DeleteTrigger, findDeleteTriggers } from "../cleanup/tables/delete-triggers.ts";
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
    const [instead, beside] = [true, false].map((is) => triggers.filter(({ isInstead }) => isInstead === is));
    if (instead!.length > 0)
      findings.push(
        level(
          check,
          `Rules of yours do something else where rows are deleted: ${listed(instead!)}: cleanup-pg would refuse.`,
          "Drop these rules, or make triggers of them.",
        ),
      );
    if (beside!.length > 0)
      findings.push(
        warn(
          check,
          `Triggers or rules of yours run for each row that cleanup-pg deletes: ${listed(beside!)}.`,
          "Make sure that what they do is wanted for rows that are archived and purged.",
        ),
      );
    return findings;
  };

function listed(triggers: readonly DeleteTrigger[]): string {
  return triggers.map(({ name, table }) => `${name} on ${table}`).join(", ");
}

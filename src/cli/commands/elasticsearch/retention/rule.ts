import { z } from "zod";
import { dataTypes } from "../../../../workflow-logs/partitions/log-types.ts";
import type { RuleChange } from "../../../../workflow-logs/retention/rules.ts";
import { operator } from "../../../../runs/operator.ts";
import { repeated, value } from "../../../options/flags.ts";
import { dataTypeNames, scopeOf, scopeShape } from "../../../options/scope.ts";
import { type DatabaseContext, withDatabase } from "../../../wiring.ts";
import { changedText } from "./rules-text.ts";

/** The flags of `retention set|hold|release`: what goes before the days of the sweep. */
export const ruleFlags = {
  tenantId: repeated(
    "of this tenant",
    scopeShape.tenantId.refine((ids) => ids.length > 0, "name at least one tenant"),
  ),
  dataType: dataTypeNames,
};

export const reasonFlag = value("why, for the history", z.string().max(1000).optional());

interface Given {
  readonly tenantId: readonly string[];
  readonly dataType: readonly (readonly string[])[];
}

type Change = Pick<RuleChange, "action" | "days" | "reason">;

export function changeRule(context: DatabaseContext, given: Given, wanted: Change): Promise<void> {
  return withDatabase(context, async (database) => {
    const { changeRules } = await import("../../../../workflow-logs/retention/rules.ts");
    const { tenantIds, dataTypes: types } = scopeOf({ tenantId: given.tenantId, dataType: given.dataType });
    const changed = await changeRules(database, {
      tenantIds,
      dataTypes: types.length === dataTypes.length ? undefined : types,
      changedBy: operator(),
      ...wanted,
    });
    context.output.result(changed, (width) => changedText(changed, width));
  });
}

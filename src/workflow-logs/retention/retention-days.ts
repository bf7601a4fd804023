import type { RetentionRule } from "../state/retention/rules.ts";
import type { DataType } from "../partitions/log-types.ts";

/** How long documents of one tenant and data type stay. */
export interface Policy {
  readonly days: number;
  /** A rule says the days, not the sweep. */
  readonly isOverride: boolean;
  readonly held: boolean;
}

/** The name of a rule for all data types of a tenant. */
export const allTypes = "all";

/**
 * For the days, the rule of the data type goes before that of the tenant, and both before the sweep's. One hold of the
 * two is enough.
 */
export function policyOf(
  rules: readonly RetentionRule[],
  { dataType, tenantId }: { readonly dataType: DataType; readonly tenantId: string },
  sweepDays: number,
): Policy {
  const ofTenant = rules.filter((rule) => rule.tenantId === tenantId);
  const whole = ofTenant.find((rule) => rule.dataType === allTypes);
  const typed = ofTenant.find((rule) => rule.dataType === dataType);
  const days = typed?.days ?? whole?.days;
  return {
    days: days ?? sweepDays,
    isOverride: days !== undefined,
    held: whole?.held === true || typed?.held === true,
  };
}

import { UsageError } from "../../engine/errors.ts";
import { openDeletions } from "../state/retention/deletions.ts";
import {
  changeRetention,
  listChanges,
  listRules,
  type RecordedChange,
  type RetentionRule,
} from "../state/retention/rules.ts";
import { pendingMigrations, upgradeState } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { type DataType, dataTypes } from "../partitions/log-types.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import { allTypes } from "./retention-days.ts";

export interface RuleChange {
  readonly tenantIds: readonly string[];
  /** Undefined: one rule for all of them, also for those to come. */
  readonly dataTypes: readonly DataType[] | undefined;
  readonly action: "set" | "hold" | "release";
  /** Of `set`; undefined goes back to the days of the sweep. */
  readonly days?: number | undefined;
  readonly reason?: string | undefined;
  readonly changedBy: string;
}

export interface ChangedRules {
  /** All that hold for these tenants now. */
  readonly rules: readonly RetentionRule[];
  /**
   * Indices that a sweep had decided to delete before the change: it came too late for them, unless that sweep has
   * died.
   */
  readonly beingDeleted: readonly string[];
}

/**
 * Afterwards no sweep decides by the rules as they were before. Throws UsageError, and changes nothing, for a tenant id
 * that cannot be and for a release of what is not held.
 */
export async function changeRules(
  { postgres, state }: Pick<Connections, "postgres" | "state">,
  change: RuleChange,
): Promise<ChangedRules> {
  const { tenantIds, action, days, reason, changedBy } = change;
  await inspectSources(postgres, { dataTypes, tenantIds });
  await upgradeState(state);
  const types: readonly string[] = change.dataTypes ?? [allTypes];
  if (action === "release") requireHeld(await listRules(state, tenantIds), tenantIds, types);
  await changeRetention(
    state,
    tenantIds.flatMap((tenantId) => types.map((dataType) => ({ tenantId, dataType, action, days, reason, changedBy }))),
  );
  const isMeant = ({ dataType }: { dataType: string }): boolean => types.includes(allTypes) || types.includes(dataType);
  const open = (await openDeletions(state, tenantIds)).filter(isMeant);
  return { rules: await listRules(state, tenantIds), beingDeleted: open.map(({ indexName }) => indexName) };
}

/** What holds now and every change that led to it, the newest first; nothing where there are no tables yet. */
export async function retentionRules(
  { state }: Pick<Connections, "state">,
  tenantIds: readonly string[],
): Promise<{ rules: RetentionRule[]; history: RecordedChange[] }> {
  if ((await pendingMigrations(state)).length > 0) return { rules: [], history: [] };
  return { rules: await listRules(state, tenantIds), history: await listChanges(state, tenantIds) };
}

function requireHeld(rules: readonly RetentionRule[], tenantIds: readonly string[], types: readonly string[]): void {
  const held = rules.filter((rule) => rule.held);
  const free = tenantIds.flatMap((tenantId) =>
    types
      .filter((dataType) => !held.some((rule) => rule.tenantId === tenantId && rule.dataType === dataType))
      .map((dataType) => `${tenantId} (${dataType})`),
  );
  if (free.length === 0) return;
  const holds = held.map(({ tenantId, dataType }) => `${tenantId} (${dataType})`).join(", ");
  throw new UsageError("not_held", `There is no such hold: ${free.join(", ")}.`, {
    hint:
      holds === ""
        ? "These tenants have no hold."
        : `Their holds are: ${holds}. Each is released as it was made. Nothing was changed.`,
  });
}

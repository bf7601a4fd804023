import { AppError } from "../../engine/errors.ts";
import { readRollout, rollBackOnce, type RolloutModes, saveRollout } from "../state/rollouts.ts";
import { upgradeState } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { objectionsTo } from "./objections.ts";
import type { RolloutWatch } from "./rollout-watch.ts";

// src/workflow-logs/rollout says for each tenant where applications write and read, and refuses what would lose
// something. It never moves a record.

export interface RolloutRequest {
  readonly tenantId: string;
  /** What is left out stays as it is. */
  readonly modes: Partial<RolloutModes>;
  /** Switches though something speaks against it; that is kept in the history. */
  readonly force: boolean;
}

export interface RolloutReport {
  readonly tenantId: string;
  readonly before: RolloutModes;
  readonly after: RolloutModes;
  readonly forcedAgainst: readonly string[];
}

/**
 * From within seconds on, every repository writes and reads the tenant's logs like this. Throws AppError, and changes
 * nothing, when reads would then miss rows or answer with old ones, or writes would get lost, unless forced.
 */
export async function setRollout(
  connections: Connections,
  { tenantId, modes, force }: RolloutRequest,
  watch: RolloutWatch,
): Promise<RolloutReport> {
  const { state } = connections;
  await upgradeState(state);
  const now = await readRollout(state, tenantId);
  const after: RolloutModes = { write: modes.write ?? now.write, read: modes.read ?? now.read };
  const objections = await objectionsTo(connections, tenantId, after, watch);
  if (objections.length > 0 && !force) {
    const list = objections.map((objection) => `  - ${objection}`).join("\n");
    throw new AppError(
      "rollout_refused",
      `Tenant ${tenantId} stays at --write ${now.write} --read ${now.read}; against --write ${after.write} --read ${after.read} speaks:\n${list}`,
      { hint: "Mend this and run the same command again, or add --force and answer for it." },
    );
  }
  const before = await saveRollout(state, tenantId, after, objections);
  return { tenantId, before, after, forcedAgainst: objections };
}

export interface RollbackReport extends RolloutReport {
  /** Where another rollback would land; null when there is nothing further back. */
  readonly next: RolloutModes | null;
}

/**
 * The tenant is written and read as before the newest change that leads away from Elasticsearch and was not taken back
 * yet, whatever speaks against it; as it was when there is none. Throws AppError when nothing was ever changed.
 */
export async function rollbackRollout({ state }: Connections, tenantId: string): Promise<RollbackReport> {
  await upgradeState(state);
  const rolledBack = await rollBackOnce(state, tenantId);
  if (rolledBack === undefined)
    throw new AppError("no_rollout", `Nothing was ever changed for tenant ${tenantId}.`, {
      hint: "app elasticsearch rollout list shows the tenants that were.",
    });
  const { before, after, next = null } = rolledBack;
  return { tenantId, before, after, forcedAgainst: [], next };
}

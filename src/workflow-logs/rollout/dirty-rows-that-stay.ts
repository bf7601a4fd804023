import { setTimeout as sleep } from "node:timers/promises";
import type { StateDatabase } from "../../stores/postgres/state/database.ts";
import { listRuns } from "../../stores/postgres/state/runs.ts";
import type { RolloutWatch } from "./set-rollout.ts";

const waitMillis = 15_000;
const pollMillis = 250;
const appliers = new Set(["elasticsearch migrate", "elasticsearch apply-dirty"]);

/**
 * Dirty rows of the tenant that nobody applies: those that are there now and, where a run applies them, still are a while later. Under load new ones
 * come all the time, and those are written into Elasticsearch by the application itself.
 */
export async function dirtyRowsThatStay(
  state: StateDatabase,
  tenantId: string,
  { signal, progress }: RolloutWatch,
): Promise<number> {
  const newest = await newestVersion(state, tenantId);
  if (newest === null) return 0;
  let left = await countUpTo(state, tenantId, newest);
  const giveUp = performance.now() + waitMillis;
  if (left > 0 && (await someoneApplies(state))) progress.note("Waiting for changed rows that a run applies");
  while (left > 0 && performance.now() < giveUp && (await someoneApplies(state))) {
    await sleep(pollMillis, undefined, { signal });
    left = await countUpTo(state, tenantId, newest);
  }
  return left;
}

async function newestVersion(state: StateDatabase, tenantId: string): Promise<string | null> {
  const found = await ofTenant(state, tenantId)
    .select((row) => row.fn.max("version").as("version"))
    .executeTakeFirst();
  return found?.version ?? null;
}

async function countUpTo(state: StateDatabase, tenantId: string, version: string): Promise<number> {
  const found = await ofTenant(state, tenantId)
    .where("version", "<=", version)
    .select((row) => row.fn.countAll<string>().as("rows"))
    .executeTakeFirstOrThrow();
  return Number(found.rows);
}

function ofTenant(state: StateDatabase, tenantId: string) {
  return state
    .selectFrom("dirty_rows")
    .where((row) => row.or([row("tenant_id", "=", tenantId), row("old_tenant_id", "=", tenantId)]));
}

async function someoneApplies(state: StateDatabase): Promise<boolean> {
  return (await listRuns(state, 50)).some(({ command, status }) => status === "running" && appliers.has(command));
}

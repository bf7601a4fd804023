import { pollUntil } from "../../engine/poll-until.ts";
import type { StateDatabase } from "../state/database.ts";
import { dirtyBacklog } from "../state/dirty/dirty-rows.ts";
import { PostgresRunStore } from "../../stores/postgres/run-store.ts";
import { dataTypes } from "../partitions/log-types.ts";
import type { RolloutWatch } from "./rollout-watch.ts";

const waitMillis = 15_000;
const pollMillis = 250;
const appliers = ["elasticsearch migrate", "elasticsearch apply-dirty"];

/**
 * Dirty rows of the tenant that nobody applies: those that are there now and, where a run applies them, still are a
 * while later. Under load new ones come all the time, and those are written into Elasticsearch by the application
 * itself.
 */
export async function dirtyRowsThatStay(
  state: StateDatabase,
  tenantId: string,
  { signal, progress }: RolloutWatch,
): Promise<number> {
  const runs = new PostgresRunStore(state);
  const scope = { dataTypes, tenantIds: [tenantId] };
  const { rows, lastVersion } = await dirtyBacklog(state, scope);
  let left = rows;
  if (left > 0 && (await runs.isAtWork(appliers))) progress.note("Waiting for changed rows that a run applies");
  const look = async (): Promise<true | undefined> => {
    if (left === 0 || !(await runs.isAtWork(appliers))) return true;
    ({ rows: left } = await dirtyBacklog(state, scope, lastVersion));
    return left === 0 ? true : undefined;
  };
  await pollUntil(look, { everyMillis: pollMillis, withinMillis: waitMillis, signal });
  return left;
}

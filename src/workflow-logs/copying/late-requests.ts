import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../engine/errors.ts";
import { pollUntil } from "../../engine/poll-until.ts";
import { hasBulkTasks } from "../../stores/elasticsearch/bulk/bulk-tasks.ts";
import type { StateDatabase } from "../state/database.ts";
import { PostgresRunStore } from "../../stores/postgres/run-store.ts";
import { lastRunOf } from "../state/partitions/partitions.ts";
import { type Partition, partitionKey } from "../partitions/log-types.ts";

/** A request that the network still has is no task yet: two looks, so far apart, must show none. */
const looks = 2;
const pauseMillis = 250;
/** Where tasks may not be seen. Requests take that long only on a server in trouble. */
const unseenMillis = 5000;
/** No request of ours waits longer for its answer than the client's time-out, 30 s by default. */
const patienceMillis = 120_000;

/** Runs that have nothing under way; having ended, they never will again. */
const settledRuns = new Set<string>();

/**
 * Call with the partition's lock, before it is begun: afterwards no request is under way of a run that had it before
 * and died or failed. Such a request could put an older document over one that is written now. Throws AppError when
 * they do not end.
 */
export async function awaitLateRequests(
  state: StateDatabase,
  client: Client,
  partition: Partition,
  signal: AbortSignal,
): Promise<void> {
  const lastId = await lastRunOf(state, partition);
  if (lastId === undefined || settledRuns.has(lastId)) return;
  const last = await new PostgresRunStore(state).find(lastId);
  if (last?.status !== "died" && last?.status !== "failed") return;
  await awaitBulkTasks(client, [last.id], partition, signal);
  settledRuns.add(last.id);
}

/**
 * Resolves when Elasticsearch is at work on no bulk request with one of these X-Opaque-Ids, whose sender is gone.
 * Throws AppError when they do not end.
 */
export async function awaitBulkTasks(
  client: Client,
  opaqueIds: readonly string[],
  partition: Partition,
  signal: AbortSignal,
): Promise<void> {
  if (opaqueIds.length === 0) return;
  await sleep(pauseMillis, undefined, { signal });
  let quiet = 0;
  const look = async (): Promise<"quiet" | "unseen" | undefined> => {
    const found = await Promise.all(opaqueIds.map((id) => hasBulkTasks(client, id)));
    if (found.includes(undefined)) return "unseen";
    quiet = found.includes(true) ? 0 : quiet + 1;
    return quiet < looks ? undefined : "quiet";
  };
  const seen = await pollUntil(look, { everyMillis: pauseMillis, withinMillis: patienceMillis, signal });
  if (seen === undefined) throw stillWriting(opaqueIds, partition);
  if (seen === "unseen") await sleep(unseenMillis, undefined, { signal });
}

function stillWriting(opaqueIds: readonly string[], partition: Partition): AppError {
  return new AppError(
    "late_requests",
    `Elasticsearch is still at work on requests of ${opaqueIds.join(", ")}, whose sender is gone, for ${partitionKey(partition)}.`,
    { hint: "Look at GET _tasks?actions=*bulk*&detailed. Nothing was changed; run the same command again." },
  );
}

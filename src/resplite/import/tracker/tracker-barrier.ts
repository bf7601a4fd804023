import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { BinaryClient } from "../../../stores/redis/binary-client.ts";
import { isTracking, markerChannel } from "./tracker.ts";
import type { TrackerSessions } from "./tracker-sessions.ts";

/** A tracker writes what it has heard twenty times a second. */
const patienceMillis = 10_000;

/**
 * Whether everything that changed before this call is noted now. Redis sends a subscriber its events and our marker in
 * the order in which they happened, so a tracker that has noted the marker has noted the events before it. False when
 * no tracker listens, or it does not hear.
 */
export async function tracked(
  redis: BinaryClient,
  sessions: TrackerSessions,
  { to, runId }: { readonly to: string; readonly runId: string },
  signal: AbortSignal,
): Promise<boolean> {
  if (!isTracking(to, runId)) return false;
  const marker = randomUUID();
  try {
    await redis.send("PUBLISH", markerChannel(runId), marker);
  } catch {
    return false; // this user may not publish, or the source is a replica that refuses it
  }
  const giveUp = performance.now() + patienceMillis;
  while (performance.now() < giveUp && !signal.aborted) {
    if (sessions.hasHeard(marker)) return true;
    await sleep(20, undefined, { signal });
  }
  return false;
}

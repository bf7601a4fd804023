import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { BinaryClient } from "../../../stores/redis/binary-client.ts";
import { isTracking, markerChannel } from "./tracker.ts";
import type { TrackerSessions } from "./tracker-sessions.ts";

/**
 * A tracker writes what it has heard twenty times a second. One that writes is at work on what happened before, however
 * busy the machine is.
 */
const patienceMillis = 10_000;
const longestMillis = 600_000;

/**
 * Whether everything that changed before this call is noted now. Redis sends a subscriber its events and our marker in
 * the order in which they happened, so a tracker that has noted the marker has noted the events before it. False when
 * no tracker listens, or it does not hear.
 */
export async function tracked(
  redis: BinaryClient,
  file: DatabaseSync,
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
  const started = performance.now();
  let heardAt = started;
  let version = versionOf(file);
  for (let now = started; now - heardAt < patienceMillis && now - started < longestMillis; now = performance.now()) {
    if (sessions.hasHeard(marker)) return true;
    await sleep(20, undefined, { signal });
    const newer = versionOf(file);
    if (newer !== version) [version, heardAt] = [newer, now];
  }
  return false;
}

/** Changes when another connection has written: https://www.sqlite.org/pragma.html#pragma_data_version */
function versionOf(file: DatabaseSync): unknown {
  return file.prepare("PRAGMA data_version").get()?.["data_version"];
}

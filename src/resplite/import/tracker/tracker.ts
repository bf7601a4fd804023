import { setTimeout as sleep } from "node:timers/promises";
import { AppError, UsageError } from "../../../engine/errors.ts";
import { runLockName } from "../../../runs/run-locks.ts";
import { type BinaryClient, withoutPassword } from "../../../stores/redis/binary-client.ts";
import { FileLocks } from "../../../stores/sqlite/file-locks.ts";
import type { Data } from "../../data/data.ts";
import { ErrorLog } from "../error-log.ts";
import { lockPrefix, openImportFile } from "../import-file.ts";
import { DirtyRegistry } from "./dirty-keys.ts";
import { ensureRun } from "../run-record.ts";
import { requireSameSource } from "../source/same-source.ts";
import { type Channels, connectSource, databaseOf, missingFlags, serverFacts } from "../source/source-server.ts";
import { TrackerSessions } from "./tracker-sessions.ts";

export interface TrackerOptions {
  readonly runId: string;
  readonly from: string;
  readonly to: string;
  readonly channels: Channels;
}

export interface TrackerWatch {
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
  /** Called when events are being noted. */
  readonly started?: () => void;
}

export interface TrackerReport {
  readonly runId: string;
  /** Events noted by this tracker. */
  readonly events: number;
  readonly reconnections: number;
}

/** Events are noted together, after this long at the latest. */
const flushMillis = 50;
const flushEvents = 5000;

/**
 * Notes every key that changes in the source, until it is stopped from another process or by `signal`. What changes
 * while it is not connected is not noted, and that is: the delta then compares everything. @throws UsageError when the
 * source sends no such events, AppError when another tracker of the run is at work
 */
export async function track(options: TrackerOptions, watch: TrackerWatch): Promise<TrackerReport> {
  const { runId, from, to, channels } = options;
  const redis = await connectSource(from);
  using data = openImportFile(to);
  const locks = new FileLocks(lockPrefix(to), "tracker");
  try {
    requireNotifications((await serverFacts(redis, from)).notifications, channels);
    requireSameSource(data.file, runId, from);
    if (!(await locks.tryLock(runLockName(runId)))) throw alreadyTracking(runId);
    data.transaction(() => ensureRun(data.file, runId, withoutPassword(from)));
    return await new Tracker(data, redis, options, watch).untilStopped();
  } finally {
    locks.close();
    redis.close();
  }
}

/** Whether a tracker of this run listens, in whatever process. */
export function isTracking(path: string, runId: string): boolean {
  return FileLocks.isHeld(lockPrefix(path), "tracker", runLockName(runId));
}

/**
 * Resolves when the run's tracker has ended; false when there is none. @throws AppError when it does not end within 30
 * s
 */
export async function stopTracker(path: string, runId: string): Promise<boolean> {
  if (!isTracking(path, runId)) return false;
  using data = openImportFile(path);
  new TrackerSessions(data.file, runId).requestStop();
  const giveUp = performance.now() + 30_000;
  while (isTracking(path, runId)) {
    if (performance.now() > giveUp)
      throw new AppError("tracker_stays", `The tracker of run ${runId} has not ended within 30 s.`, {
        hint: "Stop its process with SIGTERM: it notes what it has heard and ends.",
      });
    await sleep(50);
  }
  return true;
}

function alreadyTracking(runId: string): AppError {
  return new AppError("tracker_at_work", `Another tracker of run ${runId} is at work.`, {
    hint: "One is enough. resplite-dirty-tracker stop ends it.",
  });
}

/** @throws UsageError that names the flags. Where CONFIG may not be read, the first event will tell. */
function requireNotifications(flags: string | undefined, channels: Channels): void {
  if (flags === undefined) return;
  const missing = missingFlags(flags, channels);
  if (missing.length === 0) return;
  const wanted = channels === "keyevent" ? "EA" : "KA";
  throw new UsageError(
    "notifications_off",
    `The source does not send every change: notify-keyspace-events is "${flags}" and lacks ${missing.join("")}.`,
    {
      hint: `redis-cli CONFIG SET notify-keyspace-events ${wanted} switches them on: ${wanted[0]} for ${channels}, A for every kind. In Redis $ are strings, l lists, s sets, h hashes, z sorted sets. Nothing was changed.`,
    },
  );
}

/**
 * The channel by which importer and tracker agree on what was noted: what Redis sent before a marker was heard before
 * it.
 */
export function markerChannel(runId: string): string {
  return `resplite:tracker:${runId}`;
}

interface Heard {
  readonly key: Buffer;
  readonly event: string;
  readonly at: number;
}

const deletions = new Set(["del", "unlink", "expired", "evicted"]);

class Tracker {
  readonly #data: Data;
  readonly #redis: BinaryClient;
  readonly #options: TrackerOptions;
  readonly #watch: TrackerWatch;
  readonly #registry: DirtyRegistry;
  readonly #sessions: TrackerSessions;
  readonly #errors: ErrorLog;
  #heard: Heard[] = [];
  #marker: string | undefined;
  #session = 0;
  #isConnected = true;
  #events = 0;
  #reconnections = 0;

  constructor(data: Data, redis: BinaryClient, options: TrackerOptions, watch: TrackerWatch) {
    this.#data = data;
    this.#redis = redis;
    this.#options = options;
    this.#watch = watch;
    this.#registry = new DirtyRegistry(data.file, options.runId);
    this.#sessions = new TrackerSessions(data.file, options.runId);
    this.#errors = new ErrorLog(data.file, options.runId);
  }

  async untilStopped(): Promise<TrackerReport> {
    const { runId } = this.#options;
    const { signal, note, started } = this.#watch;
    await this.#listen();
    this.#session = this.#sessions.begin();
    this.#redis.onConnection({ lost: () => this.#lost(), back: () => this.#back() });
    started?.();
    let failures = 0;
    while (!signal.aborted && !this.#sessions.isAskedToStop(this.#session)) {
      await sleep(this.#heard.length >= flushEvents ? 0 : flushMillis, undefined, { signal }).catch(() => {});
      try {
        this.#flush();
        failures = 0;
      } catch (error) {
        // the file is locked by another writer for longer than it waits; what was heard is kept and tried again
        if (++failures === 1) note(`The file cannot be written now: ${(error as Error).message}`);
        if (failures > 100) throw error;
      }
    }
    this.#flush();
    this.#sessions.end(this.#session);
    return { runId, events: this.#events, reconnections: this.#reconnections };
  }

  async #listen(): Promise<void> {
    const { from, channels, runId } = this.#options;
    const database = databaseOf(from);
    const prefix = `__${channels}@${database}__:`;
    this.#watch.note(`Subscribing to ${prefix}* ...`);
    await this.#redis.listen(`${prefix}*`, (message, channel) => {
      const rest = channel.subarray(prefix.length);
      const [key, event] = channels === "keyevent" ? [message, rest] : [rest, message];
      this.#heard.push({ key: Buffer.from(key), event: event.toString("latin1"), at: Date.now() });
    });
    await this.#redis.listen(markerChannel(runId), (message) => (this.#marker = message.toString("latin1")));
  }

  /** In one transaction: a marker is in the file no sooner than the events before it. */
  #flush(): void {
    const [heard, marker] = [this.#heard, this.#marker];
    this.#data.transaction(() => {
      for (const { key, event, at } of heard) this.#registry.note(key, event, deletions.has(event), at);
      if (marker !== undefined) this.#sessions.heard(this.#session, marker);
      if (this.#isConnected) this.#sessions.alive(this.#session);
    });
    this.#heard = this.#heard.slice(heard.length);
    this.#events += heard.length;
    if (this.#marker === marker) this.#marker = undefined;
  }

  #lost(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#watch.note(
      "The connection is lost: what changes now is not noted, and will be found by comparing everything",
    );
    this.#errors.add("dirty_apply", "The tracker lost its connection; changes may have been missed");
    this.#sessions.broken(this.#session);
  }

  /** Subscribed again, before this is called: the driver tells of a connection when it is ready. */
  #back(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.#reconnections++;
    this.#session = this.#sessions.begin();
    this.#watch.note("Connected again");
  }
}

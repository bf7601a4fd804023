import { isUtf8 } from "node:buffer";
import type { Refusal } from "../../engine/ports.ts";
import { connectRedis, loadRedis, type RedisClient } from "../../stores/redis/client.ts";
import { BytesEntry, type CacheEntry, checkRecord, sizeOf, unreadable } from "../entries/cache-entry.ts";
import { type CacheKind, type CacheKinds, modes } from "../entries/cache-kinds.ts";
import { type KvStore, type Page, pageBytes, pageEntries } from "../kv-store.ts";
import { takeEntries } from "../entries/take-entries.ts";
import { cacheNamespace, namespaceOf, type RedisSettings, workspaceOf } from "../store-settings.ts";
import { RecentKeys } from "./recent-keys.ts";
import { nestedEntries } from "./redis-nested.ts";
import { redisIdentity } from "./identities.ts";

type BufferClient = { mGet(keys: string[]): Promise<(Buffer | null)[]> };

/** LightRAG's RedisKVStorage: one string for each record, `namespace:key`. */
export class RedisStore implements KvStore {
  readonly type = "RedisKVStorage";
  readonly workspace: string;
  readonly identity: string;
  private readonly client: RedisClient;
  private readonly buffers: BufferClient;
  /** What its keys begin with. */
  private readonly prefix: string;
  private nested: Promise<ReadonlyMap<string, CacheEntry>> | undefined;

  private constructor({ workspace, uri }: RedisSettings, client: RedisClient, buffers: BufferClient) {
    this.workspace = workspace;
    this.identity = redisIdentity(uri, workspace);
    this.client = client;
    this.buffers = buffers;
    this.prefix = `${namespaceOf(workspace)}:`;
  }

  static async open(settings: RedisSettings): Promise<RedisStore> {
    const { RESP_TYPES } = await loadRedis();
    const client = await connectRedis(settings);
    const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) as unknown as BufferClient;
    return new RedisStore(settings, client, buffers);
  }

  async count(kinds: CacheKinds, signal: AbortSignal): Promise<Map<CacheKind, number>> {
    const counts = new Map<CacheKind, number>();
    for await (const { keys } of this.scan(kinds, undefined, signal)) {
      for (const key of keys) {
        const kind = kinds.of(key)!;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
    }
    signal.throwIfAborted();
    if (counts.size > 0) return counts;
    return countBy(await this.nestedOf(kinds), ({ key }) => kinds.of(key)!);
  }

  async *read(kinds: CacheKinds, after: string | undefined, signal: AbortSignal): AsyncGenerator<Page> {
    const server = await this.serverRun();
    const from = after === undefined ? undefined : (JSON.parse(after) as RedisCursor);
    let chunkKeys = firstChunkKeys;
    let isEmpty = from === undefined;
    for await (const { keys, pattern, cursor } of this.scan(kinds, from, signal)) {
      const before = pattern === from?.pattern && cursor === from.cursor ? from.passed : [];
      isEmpty &&= keys.length === 0;
      for (let at = 0; at < keys.length;) {
        const chunk = keys.slice(at, at + chunkKeys);
        const entries = await this.get(chunk, true);
        const passed = [...before, ...keys.slice(0, at)];
        const cursorAfter = (index: number): string => {
          const alsoPassed = chunk.slice(0, chunk.indexOf(entries[index]!.key) + 1);
          return JSON.stringify({ server, pattern, cursor, passed: [...passed, ...alsoPassed] } satisfies RedisCursor);
        };
        yield { entries, cursorAfter };
        at += chunk.length;
        chunkKeys = nextChunkKeys(chunkKeys, entries);
      }
    }
    if (signal.aborted || !(isEmpty || from?.pattern === nestedPattern)) return;
    const entries = await this.nestedOf(kinds);
    const left = entries.slice(entries.findIndex(({ key }) => key === from?.passed[0]) + 1);
    const cursorAfter = (index: number): string =>
      JSON.stringify({ server, pattern: nestedPattern, cursor: "0", passed: [left[index]!.key] } satisfies RedisCursor);
    if (left.length > 0) yield { entries: left, cursorAfter };
  }

  async accepts(cursor: string): Promise<boolean> {
    return (JSON.parse(cursor) as RedisCursor).server === (await this.serverRun());
  }

  /** Entries that are gone are left out; what is there and no string is unreadable when `told`. */
  async get(keys: readonly string[], told = false): Promise<CacheEntry[]> {
    const values = await this.buffers.mGet(keys.map((key) => this.prefix + key));
    const entries: CacheEntry[] = [];
    for (const [at, value] of values.entries()) {
      const key = keys[at]!;
      if (value === null) {
        const other = told ? await this.whyNothing(key) : (await this.nestedEntries()).get(key);
        if (other !== undefined) entries.push(other);
      } else if (isUtf8(value)) entries.push(new BytesEntry(key, value));
      else entries.push(unreadable(key, "InvalidTextError", "its bytes are no UTF-8"));
    }
    return entries;
  }

  async prepare(): Promise<void> {}

  async write(entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    const sent: Promise<unknown>[] = [];
    let pairs: (string | Buffer)[] = [];
    let length = 0;
    const send = (): void => {
      if (pairs.length > 0) sent.push(this.client.sendCommand(["MSET", ...pairs]));
      pairs = [];
      length = 0;
    };
    const refused = takeEntries(entries, (entry) => {
      checkRecord(entry);
      pairs.push(this.prefix + entry.key, entry.bytes ?? entry.text);
      length += sizeOf(entry);
      if (length >= commandLength) send();
      return undefined;
    });
    send();
    await Promise.all(sent);
    return refused;
  }

  async persist(): Promise<void> {}

  async workspaces(): Promise<string[]> {
    const found = new Set<string>();
    let cursor = "0";
    do {
      const page = await this.client.scan(cursor, { MATCH: `*${cacheNamespace}:*`, COUNT: pageEntries });
      for (const key of page.keys) {
        const workspace = workspaceOf(key.slice(0, key.indexOf(`${cacheNamespace}:`) + cacheNamespace.length));
        if (workspace !== undefined) found.add(workspace);
      }
      cursor = page.cursor;
    } while (cursor !== "0");
    return [...found];
  }

  async close(): Promise<void> {
    this.client.destroy();
  }

  /**
   * The keys of these kinds, type after type, each once. SCAN may give a key more than once while the server's table
   * grows or shrinks; that it does soon after the first time, because it walks neighbours of the resized table
   * together.
   */
  private async *scan(
    kinds: CacheKinds,
    from: RedisCursor | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ScannedKeys> {
    const recent = new RecentKeys(recentKeys);
    for (const key of from?.passed ?? []) recent.add(key);
    const patterns = this.patterns(kinds);
    for (let pattern = from?.pattern ?? 0; pattern < patterns.length; pattern++) {
      let cursor = pattern === from?.pattern ? from.cursor : "0";
      do {
        if (signal.aborted) return;
        const page = await this.client.scan(cursor, { MATCH: patterns[pattern]!, COUNT: pageEntries });
        const found = page.keys.map((key) => key.slice(this.prefix.length));
        yield { keys: found.filter((key) => kinds.of(key) !== undefined && recent.add(key)), pattern, cursor };
        cursor = page.cursor;
      } while (cursor !== "0");
    }
  }

  private async nestedOf(kinds: CacheKinds): Promise<CacheEntry[]> {
    return [...(await this.nestedEntries()).values()].filter(({ key }) => kinds.of(key) !== undefined);
  }

  /**
   * What an old LightRAG left. It reads them only where there is no key of today, for then it has not opened the store
   * since.
   */
  private async nestedEntries(): Promise<ReadonlyMap<string, CacheEntry>> {
    return (this.nested ??= this.findNested());
  }

  private async findNested(): Promise<ReadonlyMap<string, CacheEntry>> {
    let cursor = "0";
    do {
      const page = await this.client.scan(cursor, { MATCH: `${this.escapedPrefix}*:*:*`, COUNT: pageEntries });
      if (page.keys.length > 0) return new Map();
      cursor = page.cursor;
    } while (cursor !== "0");
    const values = await this.client.mGet(modes.map((mode) => this.prefix + mode));
    const found = modes.flatMap((mode, at) => nestedEntries(mode, values[at] ?? ""));
    return new Map(found.map((entry) => [entry.key, entry]));
  }

  /** One for each type, so that the kinds come in their order. */
  private patterns(kinds: CacheKinds): string[] {
    const types = Map.groupBy(kinds.all, (kind) => kind.split(":")[1]!);
    return [...types].map(
      ([type, ofType]) => `${this.escapedPrefix}${ofType.length === 1 ? ofType[0]! : `*:${type}`}:*`,
    );
  }

  private get escapedPrefix(): string {
    return this.prefix.replace(/[\\*?[\]^-]/g, "\\$&");
  }

  /** The keys that SCAN gives for a cursor depend on a seed that each start of the server draws. */
  private async serverRun(): Promise<string> {
    return /^run_id:(\w+)/m.exec(await this.client.info("server"))?.[1] ?? "";
  }

  private async whyNothing(key: string): Promise<CacheEntry | undefined> {
    if (key.includes("\uFFFD")) return unreadable(key, "InvalidTextError", "the bytes of its key are no UTF-8");
    const type = await this.client.type(this.prefix + key);
    if (type === "none") return undefined; // deleted or expired since it was listed
    return type === "string"
      ? (await this.get([key]))[0]
      : unreadable(key, "WrongTypeError", `it is a ${type}, no string`);
  }
}

interface RedisCursor {
  readonly server: string;
  readonly pattern: number;
  /** Of the page in which the entry was found. */
  readonly cursor: string;
  /** The keys of that page up to the entry: asked again, the server may give the page's keys in another order. */
  readonly passed: readonly string[];
}

interface ScannedKeys {
  readonly keys: readonly string[];
  readonly pattern: number;
  readonly cursor: string;
}

/** In a cursor: behind all patterns, among the nested entries. */
const nestedPattern = Number.MAX_SAFE_INTEGER;
const recentKeys = 50_000;
/** Of one MSET: a server that serves others too is not kept from it for long. */
const commandLength = 262_144;
const firstChunkKeys = 16;
const mostChunkKeys = 250;

function countBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

/** Values are as long as they are only when they are here: after large ones fewer are asked for. */
function nextChunkKeys(now: number, entries: readonly CacheEntry[]): number {
  const longest = Math.max(1, ...entries.map(sizeOf));
  return Math.max(1, Math.min(2 * now, mostChunkKeys, Math.floor(pageBytes / longest)));
}

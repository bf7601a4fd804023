import type { BinaryClient, Reply } from "../../stores/redis/binary-client.ts";
import { reason, withoutPassword } from "../../stores/redis/binary-client.ts";
import { readFacts } from "./source/fetch-values.ts";
import { importDefaults } from "./bulk.ts";
import { openImportFile } from "./import-file.ts";
import { connectSource, missingFlags, serverFacts } from "./source/source-server.ts";

export interface Finding {
  readonly level: "problem" | "warning";
  readonly message: string;
  readonly hint: string;
}

export interface ImportPreflight {
  readonly source: string;
  readonly version: string;
  readonly role: string;
  readonly database: number;
  /** As Redis counts them: with those that have expired and are not removed yet. */
  readonly keys: number;
  /** Keys of each type among those sampled. */
  readonly types: Readonly<Record<string, number>>;
  readonly sampled: number;
  /** Bytes of the whole database in Redis, by the sample. */
  readonly estimatedBytes: number;
  readonly largestSampled: number;
  readonly notifications: string | null;
  readonly recommended: { readonly scanCount: number; readonly maxConcurrency: number; readonly maxRps: number };
  readonly findings: readonly Finding[];
}

const supported = new Set(["string", "hash", "set", "list", "zset"]);

/**
 * Looks at source and destination before anything is copied. Writes nothing into either, but makes the destination's
 * tables.
 */
export async function preflight(options: { readonly from: string; readonly to: string }): Promise<ImportPreflight> {
  const { from, to } = options;
  const redis = await connectSource(from);
  try {
    const facts = await serverFacts(redis, from);
    const sample = await sampleKeys(redis, Math.min(1000, Math.max(100, Math.floor(facts.keys / 10))));
    const types: Record<string, number> = {};
    let [bytes, largest, unreadable] = [0, 0, 0];
    for (const one of await readFacts(redis, sample)) {
      if (one instanceof Error) unreadable++;
      else if (one.type !== "none") {
        types[one.type] = (types[one.type] ?? 0) + 1;
        bytes += one.bytes;
        largest = Math.max(largest, one.bytes);
      }
    }
    const findings: Finding[] = [];
    const unsupported = Object.keys(types).filter((type) => !supported.has(type));
    if (unsupported.length > 0)
      findings.push({
        level: "warning",
        message: `There are keys of types that are not imported: ${unsupported.join(", ")}`,
        hint: "They are counted as skipped. Streams and modules' types have no place in the file.",
      });
    if (unreadable > 0)
      findings.push({
        level: "problem",
        message: `${unreadable} of ${sample.length} sampled keys may not be read by this user`,
        hint: "Give the user ~* and the commands TYPE, PTTL, MEMORY USAGE and those that read the types.",
      });
    if (facts.hashesWithFieldTtls > 0)
      findings.push({
        level: "warning",
        message: `${facts.hashesWithFieldTtls} hashes have fields with a time to live of their own, which is not imported`,
        hint: "The file has no place for it: these fields are imported and stay for good. Delete them yourself, or give the hash a time to live.",
      });
    findings.push(...notificationFindings(facts.notifications));
    const destination = destinationFinding(to);
    if (destination !== undefined) findings.push(destination);
    return {
      source: withoutPassword(from),
      version: facts.version,
      role: facts.role,
      database: facts.database,
      keys: facts.keys,
      types,
      sampled: sample.length,
      estimatedBytes: sample.length === 0 ? 0 : Math.round((bytes / sample.length) * facts.keys),
      largestSampled: largest,
      notifications: facts.notifications ?? null,
      recommended: {
        scanCount: 1000,
        maxConcurrency: importDefaults.maxConcurrency,
        maxRps: facts.keys > 100_000 ? 2000 : 1000,
      },
      findings,
    };
  } finally {
    redis.close();
  }
}

/** The first keys of a scan, which are those of the first hash buckets: as good as any. */
async function sampleKeys(redis: BinaryClient, count: number): Promise<Buffer[]> {
  const sample = new Map<string, Buffer>();
  let cursor = "0";
  do {
    const [next, keys] = (await redis.send("SCAN", cursor, "COUNT", "200")) as [Reply, Buffer[]];
    for (const key of keys) sample.set(key.toString("latin1"), key);
    cursor = String(next);
  } while (cursor !== "0" && sample.size < count);
  return [...sample.values()].slice(0, count);
}

function notificationFindings(flags: string | undefined): Finding[] {
  if (flags === undefined)
    return [
      {
        level: "warning",
        message: "Whether the source sends its changes cannot be seen: CONFIG may not be read",
        hint: "Make sure that notify-keyspace-events has E (or K) and A.",
      },
    ];
  const missing = missingFlags(flags, "keyevent");
  if (missing.length === 0) return [];
  const keyspace = missingFlags(flags, "keyspace");
  if (keyspace.length === 0)
    return [
      {
        level: "warning",
        message: `notify-keyspace-events is "${flags}": only keyspace channels are sent`,
        hint: "Start the tracker with --channels keyspace.",
      },
    ];
  return [
    {
      level: "problem",
      message: `notify-keyspace-events is "${flags}" and lacks ${missing.join("")}: a tracker would miss changes`,
      hint: "redis-cli CONFIG SET notify-keyspace-events EA",
    },
  ];
}

function destinationFinding(path: string): Finding | undefined {
  try {
    using data = openImportFile(path);
    const keys = data.keys.size();
    if (keys === 0) return undefined;
    return {
      level: "warning",
      message: `The destination already holds ${keys} keys`,
      hint: "Keys of the same name are replaced; of the others those stay that the source does not have, until a sweep or verify --full finds them.",
    };
  } catch (error) {
    return {
      level: "problem",
      message: reason(error),
      hint: "The destination must be a SQLite file that can be written.",
    };
  }
}

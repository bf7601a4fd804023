import { AppError } from "../../../engine/errors.ts";
import type { BinaryClient, Reply } from "../../../stores/redis/binary-client.ts";
import type { Stores } from "../../stores.ts";
import { partBytes, partRecords, type RecordBatch, type SectionHead, type StoreAdapter } from "../adapter.ts";
import { sameValue } from "./redis-values.ts";

interface KeyRecord {
  readonly key: Buffer;
  /** Milliseconds of Unix time; 0 for a key that stays. */
  readonly expiresAt: number;
  readonly payload: Buffer;
}

/** How large values are is known only when they are here: it begins with few. */
const firstKeys = 16;

const databaseOf = ({ name }: SectionHead): number => Number(name.slice(2));

/**
 * The four databases of the application. Records are keys with what DUMP says of them and the time at which they
 * expire.
 */
export function redisAdapter(stores: Stores): StoreAdapter {
  const clientOf = (section: SectionHead): Promise<BinaryClient> => stores.redisBytes(databaseOf(section));
  const { host } = new URL(stores.options.redis.uri);

  async function* read(
    section: SectionHead,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<RecordBatch> {
    const client = await clientOf(section);
    const server = await serverOf(client);
    let position = after === undefined ? "0" : (JSON.parse(after) as { position: string }).position;
    let keys: Buffer[] = [];
    let wanted = firstKeys;
    let longest = 1; // bytes that a key took on average, in the worst part so far
    const load = async (some: readonly Buffer[]): Promise<Buffer[]> => {
      const records = await dump(client, some);
      longest = Math.max(longest, records.reduce((sum, { length }) => sum + length, 0) / Math.max(1, records.length));
      return records;
    };
    for (let first = after === undefined; first || position !== "0"; first = false) {
      signal.throwIfAborted();
      const [next, found] = (await client.send("SCAN", position, "COUNT", String(wanted))) as [Buffer, Buffer[]];
      position = next.toString();
      keys.push(...found);
      if (keys.length < wanted && position !== "0") continue;
      const some = keys;
      keys = [];
      yield {
        records: some.length,
        bytes: 0,
        cursor: JSON.stringify({ server, position }),
        load: () => load(some),
      };
      wanted = Math.max(1, Math.min(2 * wanted, partRecords, Math.floor(partBytes / longest)));
    }
  }

  return {
    store: "redis",
    identity: `redis://${host}`,
    writesAtOnce: 2,
    sections: async () => [0, 1, 2, 3].map((database) => ({ name: `db${database}`, schema: {} })),
    read,
    /**
     * A position of SCAN means something only to the server process that gave it, and 0 behind the last page means that
     * all was read.
     */
    accepts: async (section, cursor) =>
      (JSON.parse(cursor) as { server: string }).server === (await serverOf(await clientOf(section))),
    count: async (section) => Number(await (await clientOf(section)).send("DBSIZE")),
    prepare: async () => {},
    goesOn: async () => "yes",
    async write(section, records) {
      const client = await clientOf(section);
      const now = Date.now();
      const alive = records.map(recordOf).filter(({ expiresAt }) => expiresAt === 0 || expiresAt > now);
      const ends = await Promise.allSettled(
        alive.map(({ key, expiresAt, payload }) =>
          client.send("RESTORE", key, String(expiresAt), payload, "REPLACE", ...(expiresAt === 0 ? [] : ["ABSTTL"])),
        ),
      );
      const refused = ends.flatMap((end, at) => {
        if (end.status === "fulfilled") return [];
        const reason = (end.reason as Error).message;
        if (!/^(ERR|Bad data|DUMP)/i.test(reason)) throw end.reason; // the connection, not the key
        return [{ id: shownKey(section, alive[at]!.key), type: "redis_refused", reason }];
      });
      return { written: alive.length - refused.length, expired: records.length - alive.length, refused };
    },
    finish: async () => {},
    content: (_, record) => record,
    async compare(section, records) {
      const client = await clientOf(section);
      const now = Date.now();
      const [missing, different, equal]: [string[], string[], string[]] = [[], [], []];
      const wanted = records.map(recordOf);
      const dumps = await Promise.all(wanted.map(({ key }) => client.send("DUMP", key)));
      const times = await Promise.all(wanted.map(({ key }) => client.send("PTTL", key)));
      for (const [at, { key, expiresAt, payload }] of wanted.entries()) {
        const is = dumps[at] as Buffer | null;
        const shown = shownKey(section, key);
        if (is === null) {
          if (expiresAt === 0 || expiresAt > now) missing.push(shown);
          continue;
        }
        const left = Number(times[at]);
        const sameTime = expiresAt === 0 ? left === -1 : Math.abs(Date.now() + left - expiresAt) < slack;
        const same = sameTime && (is.equals(payload) || (await sameValue(client, key, payload)));
        (same ? equal : different).push(shown);
      }
      return { missing, different, equal };
    },
  };
}

/** The clock of the server and ours, and the time between the two answers. */
const slack = 60_000;

function shownKey({ name }: SectionHead, key: Buffer): string {
  return `${name} ${key.toString("utf8")}`;
}

async function serverOf(client: BinaryClient): Promise<string> {
  const info = String(await client.send("INFO", "server"));
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? "";
}

/** Keys with their values, in one pipeline. One that is gone by now is left out. */
async function dump(client: BinaryClient, keys: readonly Buffer[]): Promise<Buffer[]> {
  const answers: Promise<Reply>[] = [];
  for (const key of keys) answers.push(client.send("PTTL", key), client.send("DUMP", key));
  const replies = await Promise.all(answers);
  const now = Date.now();
  return keys.flatMap((key, at) => {
    const [left, payload] = [Number(replies[2 * at]), replies[2 * at + 1] as Buffer | null];
    return payload === null || left === -2 ? [] : [bytesOf({ key, expiresAt: left < 0 ? 0 : now + left, payload })];
  });
}

function bytesOf({ key, expiresAt, payload }: KeyRecord): Buffer {
  const record = Buffer.allocUnsafe(12 + key.length + payload.length);
  record.writeUInt32BE(key.length);
  record.writeDoubleBE(expiresAt, 4);
  record.set(key, 12);
  record.set(payload, 12 + key.length);
  return record;
}

function recordOf(record: Buffer): KeyRecord {
  if (record.length < 12) throw new AppError("damaged_part", "A record of Redis is too short.");
  const end = 12 + record.readUInt32BE();
  return { key: record.subarray(12, end), expiresAt: record.readDoubleBE(4), payload: record.subarray(end) };
}

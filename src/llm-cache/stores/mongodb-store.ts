import type { Collection, MongoBulkWriteError, MongoClient } from "mongodb";
import type { Refusal } from "../../engine/ports.ts";
import { connectMongodb } from "../../stores/mongodb/client.ts";
import { type CacheEntry, parseRecord, refusal, unreadable } from "../entries/cache-entry.ts";
import type { CacheKind, CacheKinds } from "../entries/cache-kinds.ts";
import { type KvStore, type Page, pageEntries } from "../kv-store.ts";
import { takeEntries } from "../entries/take-entries.ts";
import { type MongoSettings, namespaceOf, workspaceOf } from "../store-settings.ts";
import { toBson, textOf, UnstorableError } from "./bson.ts";
import { mongodbIdentity } from "./identities.ts";

interface CacheDocument {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** LightRAG's MongoKVStorage: a collection for each workspace, a document for each record, whose _id is the key. */
export class MongodbStore implements KvStore {
  readonly type = "MongoKVStorage";
  readonly workspace: string;
  readonly identity: string;
  private readonly client: MongoClient;
  private readonly documents: Collection<CacheDocument>;

  private constructor({ workspace, uri, database }: MongoSettings, client: MongoClient) {
    this.workspace = workspace;
    this.identity = mongodbIdentity(uri, database, workspace);
    this.client = client;
    this.documents = client.db(database).collection<CacheDocument>(namespaceOf(workspace));
  }

  static async open(settings: MongoSettings): Promise<MongodbStore> {
    return new MongodbStore(settings, await connectMongodb(settings));
  }

  async count(kinds: CacheKinds): Promise<Map<CacheKind, number>> {
    const counts = new Map<CacheKind, number>();
    for (const kind of kinds.all) counts.set(kind, await this.documents.countDocuments({ _id: rangeOf(kind) }));
    return counts;
  }

  /** By ranges of _id, kind after kind, which its index serves in order. */
  async *read(kinds: CacheKinds, after: string | undefined, signal: AbortSignal): AsyncGenerator<Page> {
    const from = after === undefined ? -1 : kinds.all.indexOf(kinds.of(after)!);
    for (const [at, kind] of kinds.all.entries()) {
      if (at < from) continue;
      const range = at === from ? { ...rangeOf(kind), $gt: after! } : rangeOf(kind);
      const cursor = this.documents
        .find({ _id: range }, { useBigInt64: true, promoteValues: true })
        .sort({ _id: 1 })
        .batchSize(pageEntries);
      try {
        while (!signal.aborted && (await cursor.hasNext())) {
          const documents = cursor.readBufferedDocuments();
          yield { entries: documents.map(entryOf), cursorAfter: (index) => documents[index]!._id };
        }
      } finally {
        await cursor.close();
      }
    }
  }

  async accepts(): Promise<boolean> {
    return true; // a cursor is the key before
  }

  async get(keys: readonly string[]): Promise<CacheEntry[]> {
    const found = this.documents.find(
      { _id: { $in: keys.filter((key) => key.isWellFormed()) } },
      { useBigInt64: true },
    );
    return (await found.toArray()).map(entryOf);
  }

  async prepare(): Promise<void> {}

  async write(entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    const sent: { key: string; replacement: Record<string, unknown> }[] = [];
    const refused = takeEntries(entries, ({ key, text }) => {
      try {
        sent.push({ key, replacement: toBson(parseRecord(text)) });
        return undefined;
      } catch (error) {
        if (!(error instanceof UnstorableError)) throw error;
        return refusal(key, error.name, error.message);
      }
    });
    if (sent.length === 0) return refused;
    const operations = sent.map(({ key, replacement }) => ({
      replaceOne: { filter: { _id: key }, replacement, upsert: true },
    }));
    try {
      await this.documents.bulkWrite(operations, { ordered: false });
      return refused;
    } catch (error) {
      return [...refused, ...refusalsOf(error, (index) => sent[index]!.key)];
    }
  }

  async persist(): Promise<void> {}

  async workspaces(): Promise<string[]> {
    const collections = await this.client.db(this.documents.dbName).listCollections({}, { nameOnly: true }).toArray();
    return collections.flatMap(({ name }) => workspaceOf(name) ?? []);
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** Strings only, and of those what begins with the kind and a colon: ";" follows ":". */
function rangeOf(kind: CacheKind): { $gte: string; $lt: string } {
  return { $gte: `${kind}:`, $lt: `${kind};` };
}

/** What the server said of single documents. Throws the error again when it is about all of them. */
function refusalsOf(error: unknown, keyAt: (index: number) => string): Refusal[] {
  const { name, writeErrors, result } = error as MongoBulkWriteError;
  if (name !== "MongoBulkWriteError" || result.getWriteConcernError() !== undefined) throw error;
  const errors = Array.isArray(writeErrors) ? writeErrors : [writeErrors];
  if (errors.length === 0) throw error;
  return errors.map(({ index, code, errmsg }) =>
    refusal(keyAt(index), code === 11000 ? "DuplicateKeyError" : "WriteError", errmsg ?? `code ${code}`),
  );
}

function entryOf({
  _id: key,
  namespace: _namespace,
  workspace: _workspace,
  content: _content,
  ...record
}: CacheDocument): CacheEntry {
  try {
    return { key, text: textOf({ ...record, _id: key }) };
  } catch (error) {
    if (!(error instanceof UnstorableError)) throw error;
    return unreadable(key, error.name, error.message);
  }
}

import type { Db, Document, MongoBulkWriteError } from "mongodb";
import type { Refusal } from "../../../engine/ports.ts";
import type { Stores } from "../../stores.ts";
import { partBytes, partRecords, type RecordBatch, type SectionHead, type StoreAdapter } from "../adapter.ts";
import { behind, exactDocument } from "./bson.ts";

interface CollectionSchema {
  readonly type: string;
  readonly options: Document;
  readonly indexes: readonly Document[];
}

const duplicateKey = 11_000;

/**
 * Collections of the application's database. Records are documents in BSON, as MongoDB keeps them: every type and the
 * order of fields stay.
 */
export async function mongodbAdapter(stores: Stores): Promise<StoreAdapter> {
  const db = await stores.mongodb();
  const bson = await import("mongodb").then(({ BSON }) => BSON);
  const { host, pathname } = new URL(stores.options.mongodb.uri.replace(/,[^/]*/, ""));
  const schemaOf = ({ schema }: SectionHead): CollectionSchema =>
    bson.EJSON.deserialize(schema as Document) as CollectionSchema;

  async function* read(
    section: SectionHead,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<RecordBatch> {
    if (schemaOf(section).type === "view") return;
    const filter = after === undefined ? {} : behind(bson.EJSON.parse(after, { relaxed: false }) as { id: unknown });
    const cursor = db
      .collection(section.name)
      .find<Uint8Array>(filter, { raw: true, sort: { _id: 1 }, batchSize: partRecords });
    let records: Uint8Array[] = [];
    let bytes = 0;
    const cut = (): RecordBatch => {
      const done = records;
      const last = bson.deserialize(done.at(-1)!, { promoteValues: false });
      const batch = {
        records: done.length,
        bytes,
        cursor: bson.EJSON.stringify({ id: last["_id"] }, { relaxed: false }),
        load: async () => done,
      };
      [records, bytes] = [[], 0];
      return batch;
    };
    try {
      for await (const document of cursor) {
        signal.throwIfAborted();
        if (records.length > 0 && bytes + document.length > partBytes) yield cut();
        records.push(Buffer.from(document));
        bytes += document.length;
        if (records.length >= partRecords) yield cut();
      }
      if (records.length > 0) yield cut();
    } finally {
      await cursor.close();
    }
  }

  return {
    store: "mongodb",
    identity: `mongodb://${host}${pathname}#${db.databaseName}`,
    writesAtOnce: 2,
    sections: async () =>
      (await listSections(db)).map(({ name, schema }) => ({
        name,
        schema: bson.EJSON.serialize(schema as Document) as unknown,
      })),
    read,
    accepts: async () => true,
    async count(section) {
      if (schemaOf(section).type === "view") return 0;
      return db.collection(section.name).countDocuments();
    },
    async prepare(section) {
      const { options } = schemaOf(section);
      const isThere = (await db.listCollections({}, { nameOnly: true }).toArray()).some(
        ({ name }) => name === section.name,
      );
      if (!isThere) await db.createCollection(section.name, options);
    },
    goesOn: async () => "yes",
    async write(section, records) {
      const documents = records.map((record) => exactDocument(bson, record));
      const refused = await insertOver(db, section.name, documents);
      return { written: records.length - refused.length, expired: 0, refused };
    },
    async finish(section) {
      const { indexes } = schemaOf(section);
      for (const { key, ...index } of indexes) await db.collection(section.name).createIndex(key as Document, index);
    },
    content: (_, record) => record,
  };
}

async function listSections(db: Db): Promise<SectionHead[]> {
  const found = await db.listCollections().toArray();
  const sections: SectionHead[] = [];
  for (const { name, type = "collection", options = {} } of found.map((one) => one as Document)) {
    if (String(name).startsWith("system.")) continue;
    const indexes = type === "view" ? [] : await db.collection(String(name)).indexes();
    const own = indexes
      .filter((index) => index.name !== "_id_")
      .map((index) => without(index as Document, ["v", "ns"]));
    sections.push({
      name: String(name),
      schema: { type, options: without(options as Document, ["autoIndexId"]), indexes: own } satisfies CollectionSchema,
    });
  }
  return sections.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Inserts; a document of the same id goes first. One that another unique index refuses is refused. */
async function insertOver(db: Db, name: string, documents: readonly Document[]): Promise<Refusal[]> {
  const taken = await insert(db, name, documents);
  const refused: Refusal[] = [];
  for (const { index } of taken) {
    const document = documents[index]!;
    const _id = document instanceof Map ? document.get("_id") : document["_id"];
    await db.collection(name).deleteOne({ _id });
    for (const { reason } of await insert(db, name, [document]))
      refused.push({ id: `${name} ${String(_id)}`, type: "duplicate_key", reason });
  }
  return refused;
}

/**
 * The documents that were not inserted because their key is there. The command itself, because the driver's method
 * takes no Map.
 */
async function insert(
  db: Db,
  name: string,
  documents: readonly Document[],
): Promise<{ index: number; reason: string }[]> {
  const answer = await db.command({ insert: name, documents, ordered: false }, { checkKeys: false });
  const errors = (answer["writeErrors"] ?? []) as { index: number; code: number; errmsg: string }[];
  const other = errors.find(({ code }) => code !== duplicateKey);
  if (other !== undefined) throw Object.assign(new Error(other.errmsg), { code: other.code }) as MongoBulkWriteError;
  return errors.map(({ index, errmsg }) => ({ index, reason: errmsg }));
}

/** Of options, those that a server takes back. */
function without(document: Document, names: readonly string[]): Document {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));
}

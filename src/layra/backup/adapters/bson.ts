import type { BSON, Document } from "mongodb";

/**
 * The order in which MongoDB sorts types: https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/. An
 * id is no array and no regex.
 */
const typeOrder = [
  "minKey",
  "null",
  "number",
  "string",
  "object",
  "binData",
  "objectId",
  "bool",
  "date",
  "timestamp",
  "maxKey",
];

/** What sorts behind this id: `$gt` alone compares values of one type only, and leaves out ids of all others. */
export function behind({ id }: { readonly id: unknown }): Document {
  const later = typeOrder.slice(typeOrder.indexOf(typeOf(id)) + 1);
  return { $or: [{ _id: { $gt: id } }, ...later.map((type) => ({ _id: { $type: type } }))] };
}

function typeOf(id: unknown): string {
  if (id === null) return "null";
  if (typeof id === "number" || typeof id === "bigint") return "number";
  if (typeof id === "string") return "string";
  if (typeof id === "boolean") return "bool";
  if (id instanceof Date) return "date";
  const kind = (id as { _bsontype?: string })._bsontype;
  const known: Readonly<Record<string, string>> = {
    Int32: "number",
    Double: "number",
    Long: "number",
    Decimal128: "number",
    BSONSymbol: "string",
    Binary: "binData",
    UUID: "binData",
    ObjectId: "objectId",
    Timestamp: "timestamp",
    MinKey: "minKey",
    MaxKey: "maxKey",
  };
  return kind === undefined ? "object" : (known[kind] ?? "object");
}

const exact = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true } as const;
const [object, array] = [3, 4];

/**
 * The document so that serialising it gives the same bytes. Numbers keep their type; where a name looks like an index,
 * which JavaScript would put first, documents are Maps.
 */
export function exactDocument(bson: typeof BSON, record: Buffer): Document {
  const document = bson.deserialize(record, exact);
  return hasIndexNames(document) ? mapOf(bson, record) : document;
}

function hasIndexNames(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasIndexNames);
  if (typeof value !== "object" || value === null || "_bsontype" in value || value instanceof Date) return false;
  return Object.entries(value).some(
    ([name, member]) => /^\d+$/.test(name) || name === "__proto__" || hasIndexNames(member),
  );
}

function mapOf(bson: typeof BSON, bytes: Uint8Array): Map<string, unknown> {
  const elements = bson.onDemand.parseToElements(bytes);
  return new Map(
    [...elements].map(([type, nameOffset, nameLength, offset, length]) => {
      const name = Buffer.from(bytes.subarray(nameOffset, nameOffset + nameLength)).toString("utf8");
      const value = bytes.subarray(offset, offset + length);
      if (type === object) return [name, mapOf(bson, value)] as const;
      if (type === array) return [name, [...mapOf(bson, value).values()]] as const;
      return [name, valueOf(bson, type, value)] as const;
    }),
  );
}

/** One value as a document of its own, which the library reads. */
function valueOf(bson: typeof BSON, type: number, value: Uint8Array): unknown {
  const document = Buffer.alloc(8 + value.length);
  document.writeInt32LE(document.length);
  document[4] = type;
  document[5] = "v".charCodeAt(0);
  document.set(value, 7);
  return bson.deserialize(document, exact)["v"];
}

// src/vectors owns the notes of an application on their way from Weaviate to Milvus: what a record is, the operations
// on both stores, the writing to both, the copy, its verification, and the phase each tenant is in. It never knows how
// a store is spoken to (src/stores) or how a run is recorded (src/runs).

/** What a property holds. `json` is any JSON value, kept as its text in both stores. */
export type Kind = "int64" | "text" | "strings" | "json";

export interface Field {
  readonly kind: Kind;
  /** How queries use it: by equality, by range and order, or as text that is searched for keywords. */
  readonly use?: "equality" | "range" | "keyword";
}

/**
 * Every property of every record class, declared once: from here come the dict, the collection in Milvus and its check,
 * and the properties in Weaviate. Upstream's maximum lengths are left out: Weaviate has none, so each would be a note
 * that cannot move (see overflow.ts for what is longer than Milvus takes).
 */
export const fields = {
  created: { kind: "int64", use: "range" },
  lastModified: { kind: "int64", use: "range" },
  recordType: { kind: "text", use: "equality" },
  lastUpdateDevice: { kind: "text" },
  lastUpdateDeviceId: { kind: "text" },
  title: { kind: "text", use: "keyword" },
  content: { kind: "text", use: "keyword" },
  filePath: { kind: "text" },
  tags: { kind: "json" },
  incomingConnections: { kind: "strings" },
  outgoingConnections: { kind: "strings" },
  tagIds: { kind: "strings", use: "equality" },
  fileData: { kind: "text" },
  fileType: { kind: "text", use: "equality" },
  fileText: { kind: "text" },
  noteType: { kind: "text", use: "equality" },
  color: { kind: "text" },
  name: { kind: "text", use: "equality" },
  date: { kind: "text" },
  foreignId: { kind: "text" },
  miscData: { kind: "text" },
  startId: { kind: "text" },
  startData: { kind: "text" },
  endId: { kind: "text" },
  endData: { kind: "text" },
  type: { kind: "text" },
  text: { kind: "text" },
  referenceId: { kind: "text", use: "equality" },
  referenceTitle: { kind: "text" },
  position: { kind: "int64" },
  journalDate: { kind: "int64" },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;

export const fieldNames = Object.keys(fields) as FieldName[];

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(fields, name);
}

const common = ["created", "lastModified", "recordType", "lastUpdateDevice"] as const;

/** The properties of each class, by the recordType that names it. */
export const classFields = {
  note: [
    ...common,
    "title",
    "content",
    "filePath",
    "tags",
    "incomingConnections",
    "outgoingConnections",
    "tagIds",
    "lastUpdateDeviceId",
    "fileData",
    "fileType",
    "fileText",
    "noteType",
  ],
  tag: [...common, "color", "name", "lastUpdateDeviceId"],
  misc: [...common, "date", "content", "foreignId", "miscData", "startId", "startData", "endId", "endData", "type"],
  noteBody: [...common, "text", "referenceId", "referenceTitle", "type", "position", "journalDate"],
  daily_note: [...common, "date", "content"],
} as const satisfies Record<string, readonly FieldName[]>;

export type RecordType = keyof typeof classFields;

export const recordTypes = Object.keys(classFields) as RecordType[];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface ValueOf {
  int64: number | bigint;
  text: string;
  strings: readonly string[];
  json: Json;
}

export type PropertyValue<Name extends FieldName> = ValueOf[(typeof fields)[Name]["kind"]];

/** Properties by name; null and absent are the same, because Weaviate does not keep them apart. */
export type Properties<Name extends FieldName = FieldName> = { [N in Name]?: PropertyValue<N> | null | undefined };

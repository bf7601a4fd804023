import type { FieldType, RowData } from "@zilliz/milvus2-sdk-node";
import { AppError } from "../../../engine/errors.ts";
import { hasCollection } from "../../../stores/milvus/collection.ts";
import { collectionPrefix } from "../../milvus/knowledge.ts";
import type { Stores } from "../../stores.ts";
import type { RecordBatch, SectionHead, StoreAdapter } from "../adapter.ts";

type Row = Record<string, unknown>;

interface CollectionSchema {
  readonly fields: readonly FieldType[];
  readonly dynamic: boolean;
  readonly primaryKey: { readonly name: string; readonly isText: boolean; readonly isAuto: boolean };
  readonly indexes: readonly { field_name: string; index_name: string; params: Record<string, string> }[];
}

const schemaOf = ({ schema }: SectionHead): CollectionSchema => schema as CollectionSchema;

/** Of a field as Milvus describes it, what it takes when it makes one. */
const fieldMembers = [
  "name",
  "data_type",
  "is_primary_key",
  "autoID",
  "is_partition_key",
  "nullable",
  "dim",
  "max_length",
  "max_capacity",
  "element_type",
];
const strong = 0;
const page = 1000;

/**
 * The collections of knowledge bases. Records are rows as JSON, vectors in it as their bytes. Real Milvus is read by
 * ranges of the primary key, for it refuses offsets beyond 16,384; Milvus Lite by offsets, for its pages by key lose
 * rows. Both are counted against count(*) at the end.
 */
export function milvusAdapter(stores: Stores): StoreAdapter {
  const { milvus } = stores;

  async function query(collection_name: string, request: object): Promise<Row[]> {
    const { data } = await milvus.call(`read ${collection_name}`, (client) =>
      client.query({ collection_name, consistency_level: strong, ...request }),
    );
    return data;
  }

  async function count({ name }: SectionHead): Promise<number> {
    if (!(await hasCollection(milvus, name))) return 0;
    await load(name);
    const [row] = await query(name, { filter: "", output_fields: ["count(*)"] });
    return Number(row?.["count(*)"] ?? 0);
  }

  async function load(collection_name: string): Promise<void> {
    await milvus.call(`load ${collection_name}`, (client) => client.loadCollection({ collection_name }));
  }

  async function* read(
    section: SectionHead,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<RecordBatch> {
    const { name } = section;
    const { primaryKey } = schemaOf(section);
    await load(name);
    const { isLite } = await milvus.dialect();
    let state =
      after === undefined
        ? { rows: 0, last: undefined as string | undefined }
        : (JSON.parse(after) as { rows: number; last?: string });
    for (;;) {
      signal.throwIfAborted();
      const literal = primaryKey.isText ? JSON.stringify(state.last) : state.last;
      const filter = isLite || state.last === undefined ? "" : `${primaryKey.name} > ${literal}`;
      const rows = await query(name, {
        filter,
        output_fields: ["*"],
        limit: page,
        ...(isLite ? { offset: state.rows } : {}),
      });
      if (rows.length === 0) break;
      const last = rows
        .map((row) => String(row[primaryKey.name]))
        .reduce((one, other) => (isBehind(other, one, primaryKey.isText) ? other : one));
      state = { rows: state.rows + rows.length, last };
      const records = rows.map((row) => Buffer.from(JSON.stringify(packedRow(row))));
      yield {
        records: rows.length,
        bytes: records.reduce((sum, one) => sum + one.length, 0),
        cursor: JSON.stringify(state),
        load: async () => records,
      };
    }
    const total = await count(section);
    if (total === state.rows) return;
    throw new AppError(
      "rows_changed",
      `${name} has ${total} rows, and ${state.rows} were read: it was written to meanwhile.`,
      {
        hint: "Run the same command again with --restart, best while nothing is uploaded.",
      },
    );
  }

  return {
    store: "milvus",
    identity: stores.options.milvus.endpoint,
    writesAtOnce: 1, // a batch is told from one that was written before by the number of rows
    async sections() {
      const { data } = await milvus.call("list collections", (client) => client.showCollections());
      const names = data.map(({ name }) => name).filter((name) => name.startsWith(collectionPrefix));
      const sections: SectionHead[] = [];
      for (const name of names.toSorted()) sections.push({ name, schema: await describe(name) });
      return sections;
    },
    read,
    accepts: async () => true,
    count,
    async prepare(section, anew) {
      const { name: collection_name } = section;
      const { fields, dynamic, indexes } = schemaOf(section);
      const isThere = await hasCollection(milvus, collection_name);
      if (isThere && anew)
        await milvus.call(`drop ${collection_name}`, (client) => client.dropCollection({ collection_name }));
      if (!isThere || anew) {
        await milvus.call(`create ${collection_name}`, (client) =>
          client.createCollection({ collection_name, fields: [...fields], enable_dynamic_field: dynamic }),
        );
        for (const { field_name, params } of indexes) {
          const { index_type = "AUTOINDEX", metric_type, params: own } = params;
          await milvus.call(`index ${collection_name}`, (client) =>
            client.createIndex({
              collection_name,
              field_name,
              index_type,
              ...(metric_type === undefined ? {} : { metric_type }),
              ...(own === undefined ? {} : { params: JSON.parse(own) as Record<string, number> }),
            }),
          );
        }
      }
      await load(collection_name);
    },
    /**
     * Rows with keys of Milvus' own cannot be told from each other: a request was done whole or not at all, and the
     * number says which.
     */
    async goesOn(section, confirmed) {
      if (!schemaOf(section).primaryKey.isAuto) return "yes";
      const rows = await count(section);
      return rows === confirmed ? "yes" : rows > confirmed ? "batch_done" : "from_start";
    },
    async write(section, records) {
      const { name: collection_name } = section;
      const { primaryKey } = schemaOf(section);
      const data = records.map((record) => rowOf(record, primaryKey.isAuto ? primaryKey.name : undefined));
      const request = { collection_name, data: data as RowData[] };
      await milvus.call(`write ${data.length} rows`, (client) =>
        primaryKey.isAuto ? client.insert(request) : client.upsert(request),
      );
      return { written: data.length, expired: 0, refused: [] };
    },
    finish: async () => {},
    content(section, record) {
      const { primaryKey } = schemaOf(section);
      const row = JSON.parse(Buffer.from(record).toString("utf8")) as Row;
      if (primaryKey.isAuto) delete row[primaryKey.name];
      return Buffer.from(JSON.stringify(row));
    },
  };

  async function describe(collection_name: string): Promise<CollectionSchema> {
    const { schema } = await milvus.call(`describe ${collection_name}`, (client) =>
      client.describeCollection({ collection_name }),
    );
    const fields = schema.fields.map((field) => {
      const given = field as unknown as Record<string, string | boolean | undefined>;
      const isSet = (name: string): boolean =>
        given[name] !== undefined &&
        given[name] !== false &&
        given[name] !== "" &&
        !(name === "element_type" && field.data_type !== "Array");
      return Object.fromEntries(fieldMembers.filter(isSet).map((name) => [name, given[name]])) as unknown as FieldType;
    });
    const primary = schema.fields.find(({ is_primary_key }) => is_primary_key)!;
    const { index_descriptions } = await milvus.call(`list the indexes of ${collection_name}`, (client) =>
      client.describeIndex({ collection_name }),
    );
    return {
      fields,
      dynamic: schema.enable_dynamic_field,
      primaryKey: { name: primary.name, isText: primary.data_type === "VarChar", isAuto: primary.autoID },
      indexes: index_descriptions.map(({ field_name, index_name, params }) => ({
        field_name,
        index_name,
        params: Object.fromEntries(params.map(({ key, value }) => [key, String(value)])),
      })),
    };
  }
}

function isBehind(one: string, other: string, isText: boolean): boolean {
  return isText ? one > other : BigInt(one) > BigInt(other);
}

/** Fields in the order of their names, and lists of numbers, which vectors are, as the bytes of 32-bit floats. */
function packedRow(row: Row): Row {
  const fields = Object.entries(row).filter(([name]) => name !== "$meta");
  const meta = Object.entries((row["$meta"] ?? {}) as Row);
  const all = [...fields, ...meta.filter(([name]) => !(name in row))].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return Object.fromEntries(
    all.map(([name, value]) => [
      name,
      isVector(value) ? { f32: Buffer.from(Float32Array.from(value).buffer).toString("base64") } : value,
    ]),
  );
}

function isVector(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((one) => typeof one === "number" && Object.is(Math.fround(one), one))
  );
}

function rowOf(record: Buffer, without: string | undefined): Row {
  const row = JSON.parse(record.toString("utf8")) as Row;
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => name !== without)
      .map(([name, value]) => {
        const { f32 } = (value ?? {}) as { f32?: string };
        if (typeof f32 !== "string") return [name, value];
        const bytes = Uint8Array.from(Buffer.from(f32, "base64"));
        return [name, [...new Float32Array(bytes.buffer)]];
      }),
  );
}

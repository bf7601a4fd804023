import type { RowDataPacket } from "mysql2";
import type { PoolConnection } from "mysql2/promise";
import type { Stores } from "../../stores.ts";
import { partBytes, partRecords, type RecordBatch, type SectionHead, type StoreAdapter } from "../adapter.ts";

interface Column {
  readonly name: string;
  readonly kind: "number" | "float" | "text" | "bytes";
}

interface TableSchema {
  readonly type: "table" | "view" | "trigger" | "function" | "procedure";
  /** The statement that makes it. */
  readonly create: string;
  /** Without those that the server computes. */
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
}

/** The session in which values are read and written: times in UTC, a 0 stays a 0, and tables in any order. */
const session = [
  "set session time_zone = '+00:00'",
  "set session sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  "set session foreign_key_checks = 0",
  "set session unique_checks = 0",
];

const schemaOf = ({ schema }: SectionHead): TableSchema => schema as TableSchema;

/**
 * Every table with its rows, then functions, procedures, views and triggers. Records are rows; each value as its text
 * or bytes.
 */
export function mysqlAdapter(stores: Stores): StoreAdapter {
  const mysql = stores.mysql();
  const { host, port, database } = mysql.address;
  const use = <T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> =>
    mysql.use(async (connection) => {
      for (const statement of session) await connection.query(statement);
      return work(connection);
    });

  async function* read(
    section: SectionHead,
    after: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<RecordBatch> {
    const { type, columns, primaryKey } = schemaOf(section);
    if (type !== "table") return;
    const keyAt = primaryKey.map((name) => columns.findIndex((column) => column.name === name));
    const isKeyed = primaryKey.length > 0 && keyAt.every((at) => at >= 0);
    let last = after === undefined ? undefined : (JSON.parse(after) as (string | null)[]).map(fromText);
    for (let offset = 0; ; offset += partRecords) {
      signal.throwIfAborted();
      const where =
        last === undefined
          ? ""
          : `where (${primaryKey.map(named).join()}) > (${keyAt.map((at, one) => literal(columns[at]!, last![one]!)).join()})`;
      const order = (isKeyed ? primaryKey : columns.map(({ name }) => name)).map(named).join();
      const sql = `select ${columns.map(selected).join()} from ${named(section.name)} ${where} order by ${order} limit ${partRecords}${isKeyed ? "" : ` offset ${offset}`}`;
      const rows = await use(async (connection) => {
        const [found] = await connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.buffer() });
        return found as unknown as (Buffer | null)[][];
      });
      if (rows.length === 0) return;
      if (isKeyed) last = keyAt.map((at) => rows.at(-1)![at] ?? null);
      const cursor = isKeyed ? JSON.stringify(last!.map((value) => value?.toString("base64") ?? null)) : undefined;
      for (const some of cut(rows.map(bytesOf))) {
        const isLast = some.end === rows.length;
        // only the end of a page can be gone on from; who stops within one reads the table anew
        yield {
          records: some.records.length,
          bytes: some.bytes,
          cursor: isLast ? cursor : undefined,
          load: async () => some.records,
        };
      }
      if (rows.length < partRecords) return;
    }
  }

  return {
    store: "mysql",
    identity: `mysql://${host}:${port}/${database}`,
    writesAtOnce: 2,
    sections: () => use((connection) => listSections(connection)),
    read,
    accepts: async () => true,
    async count(section) {
      if (schemaOf(section).type !== "table") return 0;
      return use(async (connection) => {
        const [there] = await connection.query<RowDataPacket[]>("show tables like ?", [
          section.name.replace(/[\\_%]/g, "\\$&"),
        ]);
        if (there.length === 0) return 0;
        const [[row]] = await connection.query<RowDataPacket[]>(`select count(*) as total from ${named(section.name)}`);
        return Number(row!["total"]);
      });
    },
    async prepare(section, anew) {
      const { type, create, primaryKey } = schemaOf(section);
      if (type !== "table") return;
      await use(async (connection) => {
        await connection.query(create.replace(/^CREATE TABLE /, "CREATE TABLE IF NOT EXISTS "));
        if (anew && primaryKey.length === 0) await connection.query(`delete from ${named(section.name)}`);
      });
    },
    async goesOn(section) {
      return schemaOf(section).primaryKey.length > 0 ? "yes" : "from_start";
    },
    async write(section, records) {
      const { columns } = schemaOf(section);
      const rows = records.map(
        (record) =>
          `(${valuesOf(record)
            .map((value, at) => literal(columns[at]!, value))
            .join()})`,
      );
      const sql = `replace into ${named(section.name)} (${columns.map(({ name }) => named(name)).join()}) values ${rows.join()}`;
      await use((connection) => connection.query(sql));
      return { written: records.length, expired: 0, refused: [] };
    },
    async finish(section) {
      const { type, create } = schemaOf(section);
      if (type === "table") return;
      await use(async (connection) => {
        await connection.query(`drop ${type} if exists ${named(section.name)}`);
        await connection.query(create);
      });
    },
    content: (_, record) => record,
  };
}

async function listSections(connection: PoolConnection): Promise<SectionHead[]> {
  const rows = async (sql: string, values: unknown[] = []): Promise<RowDataPacket[]> =>
    (await connection.query<RowDataPacket[]>(sql, values))[0];
  const sections: SectionHead[] = [];
  const add = (name: string, schema: TableSchema): void => void sections.push({ name, schema });
  const tables = (await rows("show full tables")).map((row) => Object.values(row).map(String) as [string, string]);
  for (const [name] of tables.filter(([, type]) => type === "BASE TABLE")) {
    const create = String((await rows(`show create table ${named(name)}`))[0]!["Create Table"]);
    const columns = await rows(
      `select column_name as name, data_type as type, generation_expression as generated from information_schema.columns
        where table_schema = database() and table_name = ? order by ordinal_position`,
      [name],
    );
    const keys = await rows(
      `select column_name as name from information_schema.key_column_usage
        where table_schema = database() and table_name = ? and constraint_name = 'PRIMARY' order by ordinal_position`,
      [name],
    );
    const own = columns.filter(({ generated }) => generated === null || generated === "");
    add(name, {
      type: "table",
      create,
      columns: own.map((one) => ({ name: String(one["name"]), kind: kindOf(String(one["type"])) })),
      primaryKey: keys.map((one) => String(one["name"])),
    });
  }
  const routines = await rows(
    "select routine_name as name, routine_type as type from information_schema.routines where routine_schema = database() order by 1",
  );
  for (const routine of routines) {
    const [name, type] = [String(routine["name"]), String(routine["type"]).toLowerCase() as "function" | "procedure"];
    const shown = (await rows(`show create ${type} ${named(name)}`))[0]!;
    add(name, {
      type,
      create: String(shown[type === "function" ? "Create Function" : "Create Procedure"]),
      columns: [],
      primaryKey: [],
    });
  }
  for (const [name] of tables.filter(([, type]) => type === "VIEW"))
    add(name, {
      type: "view",
      create: String((await rows(`show create view ${named(name)}`))[0]!["Create View"]),
      columns: [],
      primaryKey: [],
    });
  for (const trigger of await rows("show triggers")) {
    const name = String(trigger["Trigger"]);
    add(name, {
      type: "trigger",
      create: String((await rows(`show create trigger ${named(name)}`))[0]!["SQL Original Statement"]),
      columns: [],
      primaryKey: [],
    });
  }
  return sections;
}

function kindOf(type: string): Column["kind"] {
  if (/^float$/i.test(type)) return "float";
  if (/^(tinyint|smallint|mediumint|int|bigint|decimal|double|year)$/i.test(type)) return "number";
  return /(binary|blob|bit|geometry|point|linestring|polygon|collection)$/i.test(type) ? "bytes" : "text";
}

function named(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A float shows six digits only; as a double it shows all that it has. */
function selected({ name, kind }: Column): string {
  return kind === "float" ? `${named(name)} + 0e0` : named(name);
}

function literal({ kind }: Column, value: Buffer | null): string {
  if (value === null) return "null";
  if (kind === "number" || kind === "float") {
    const text = value.toString("latin1");
    return /^[-+0-9.eE]+$/.test(text) ? text : "null";
  }
  if (value.length === 0) return "''";
  return `${kind === "text" ? "_utf8mb4 " : ""}X'${value.toString("hex")}'`;
}

function fromText(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, "base64");
}

/** Each value behind its length; -1 is NULL. */
function bytesOf(row: readonly (Buffer | null)[]): Buffer {
  const pieces: Buffer[] = [];
  for (const value of row) {
    const head = Buffer.allocUnsafe(4);
    head.writeInt32BE(value?.length ?? -1);
    pieces.push(head, value ?? Buffer.alloc(0));
  }
  return Buffer.concat(pieces);
}

function valuesOf(record: Buffer): (Buffer | null)[] {
  const values: (Buffer | null)[] = [];
  for (let at = 0; at < record.length;) {
    const length = record.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : record.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

function cut(records: readonly Buffer[]): { records: Buffer[]; bytes: number; end: number }[] {
  const groups: { records: Buffer[]; bytes: number; end: number }[] = [];
  for (const [at, record] of records.entries()) {
    const group = groups.at(-1);
    if (group === undefined || group.bytes + record.length > partBytes)
      groups.push({ records: [record], bytes: record.length, end: at + 1 });
    else {
      group.records.push(record);
      group.bytes += record.length;
      group.end = at + 1;
    }
  }
  return groups;
}

import { type RawBuilder, sql } from "kysely";
import type { Pool } from "pg";
import type { Connections } from "../../connections.ts";
import type { RelatedMember, RelatedRows } from "../../documents/related-rows.ts";
import { offsetOf } from "../../documents/time-zone.ts";
import { allOf, type Condition } from "../records/log-table.ts";
import { instantOfPrinted } from "../records/instants.ts";
import type { Position } from "../records/ordered-documents.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import { type PrintedRow, recordOfRow } from "../records/read-record.ts";
import { type AppLog, type AppLogEntry, appLogKind } from "./app-log.ts";
import type { AppLogReads, FirstPlaces } from "./app-log-reads.ts";
import type { AppLogPage, AppLogPageQuery, AppLogQuery, AppLogRepository } from "./app-log-repository.ts";
import { appLogPage, boundsOf, keywordOf, pageOf } from "./check-app-log-query.ts";
import { keywordCondition } from "./keyword-condition.ts";
import { relatedOnce } from "./related-once.ts";
import { joinsOf, printedRelated, relatedOfRow } from "./related-row-query.ts";

const everyMember: readonly RelatedMember["name"][] = ["run", "trigger", "end_user", "account"];

/** Logs `t`, and the related rows that the conditions speak of. */
interface Selection {
  readonly joins: RawBuilder<unknown>;
  readonly conditions: readonly Condition[];
}

export class PostgresAppLogRepository implements AppLogRepository, AppLogReads {
  private readonly pool: Pool;
  private readonly records: PostgresRecords<AppLog>;

  constructor(connections: Pick<Connections, "postgres" | "state" | "settings"> & Partly) {
    this.pool = connections.postgres;
    this.records = new PostgresRecords(connections, appLogKind);
  }

  async getPaginatedAppLogs(query: AppLogPageQuery): Promise<AppLogPage> {
    const page = pageOf(query);
    const selection = await this.select(query);
    const total = await this.count(selection);
    const order = (await this.records.table()).order("desc");
    const data = await this.entries(selection, sql`${order} limit ${page.limit} offset ${page.offset}`);
    return appLogPage(page, total, data);
  }

  async getFirstPlaces(query: AppLogQuery, count: number): Promise<FirstPlaces> {
    const table = await this.records.table();
    const selection = await this.select(query);
    const total = await this.count(selection);
    const { joins, conditions } = selection;
    const { rows } = await sql<Position>`
      select ${table.column("id")}::text as id, ${table.column("createdAt")}::text as "createdAt"
        from ${table.name} t ${joins} where ${allOf(conditions)} ${table.order("desc")} limit ${count}`.execute(
      this.records.db,
    );
    const offset = offsetOf(table.sourceTimeZone);
    const places = rows.map(({ id, createdAt }) => ({ id, createdAt: instantOfPrinted(createdAt, offset) }));
    return { total, places };
  }

  async countAppLogs(query: AppLogQuery): Promise<number> {
    return this.count(await this.select(query));
  }

  async getAppLogById(tenantId: string, id: string): Promise<AppLogEntry | undefined> {
    const table = await this.records.table();
    const conditions = [table.is("tenantId", tenantId), table.is("id", id)];
    return (await this.entries({ joins: sql``, conditions }, sql``))[0];
  }

  saveAppLog(log: AppLog): Promise<void> {
    return this.records.save(log);
  }

  private async select(query: AppLogQuery): Promise<Selection> {
    const table = await this.records.table();
    const related = await this.related();
    const has = (name: RelatedMember["name"]): boolean => related.members.some((member) => member.name === name);
    const { from, to } = boundsOf(query);
    const { status, createdByEndUserSessionId: sessionId, createdByAccount: email } = query;
    const keyword = keywordOf(query);
    const conditions: Condition[] = [
      table.is("tenantId", query.tenantId),
      table.is("appId", query.appId),
      ...(from === undefined ? [] : [table.createdFrom(from)]),
      ...(to === undefined ? [] : [table.createdBefore(to)]),
      ...(status === undefined ? [] : [has("run") ? sql`r.status::text = ${status}` : sql`false`]),
      ...(sessionId === undefined ? [] : [has("end_user") ? sql`e.session_id = ${sessionId}` : sql`false`]),
      ...(email === undefined ? [] : [has("account") ? sql`a.email = ${email}` : sql`false`]),
      ...(keyword === undefined ? [] : [has("run") ? keywordCondition(keyword, has("end_user")) : sql`false`]),
    ];
    const names: RelatedMember["name"][] = [
      ...(status !== undefined || keyword !== undefined ? ["run" as const] : []),
      ...(sessionId !== undefined || keyword !== undefined ? ["end_user" as const] : []),
      ...(email === undefined ? [] : ["account" as const]),
    ];
    return { joins: joinsOf(related, names), conditions };
  }

  private async count({ joins, conditions }: Selection): Promise<number> {
    const table = await this.records.table();
    const { rows } = await sql<{ logs: string }>`select count(*) as logs from ${table.name} t ${joins}
      where ${allOf(conditions)}`.execute(this.records.db);
    return Number(rows[0]!.logs);
  }

  /** The logs of the selection, of which `part` takes some; the related rows are read for these alone. */
  private async entries({ joins, conditions }: Selection, part: RawBuilder<unknown>): Promise<AppLogEntry[]> {
    const table = await this.records.table();
    const related = await this.related();
    const logs = sql`select t.* from ${table.name} t ${joins} where ${allOf(conditions)} ${part}`;
    const { rows } = await sql<PrintedRow>`select ${sql.join([table.printed(), ...printedRelated(related)])}
      from (${logs}) t ${joinsOf(related, everyMember)} ${table.order("desc")}`.execute(this.records.db);
    const offset = offsetOf(table.sourceTimeZone);
    return rows.map((row) => ({ ...recordOfRow(this.records.kind, row, offset), ...relatedOfRow(row, offset) }));
  }

  private async related(): Promise<RelatedRows> {
    await this.records.table(); // says what is wrong when there is none
    return relatedOnce(this.pool);
  }
}

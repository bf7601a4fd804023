import { beginPartition, finishCopying } from "../../stores/postgres/state/partitions.ts";
import {
  forgetRecordErrors,
  listRecordErrors,
  type RecordErrorFilter,
} from "../../stores/postgres/state/record-errors.ts";
import { upgradeState } from "../../stores/postgres/state/upgrade.ts";
import { quoteIdentifier } from "../../stores/postgres/table.ts";
import { inRun } from "../archive-run.ts";
import type { Connections } from "../connections.ts";
import { dataTypes, type Partition, partitionKey } from "../log-types.ts";
import { requireAccess } from "../preflight/preflight.ts";
import { monthExpression } from "../repositories/plan-query.ts";
import { type SourceTable, zoneOf } from "../source-schema.ts";
import { pagesOf } from "./copy-partition.ts";
import { copyById } from "./copy-rows.ts";
import { type CopyRun, copyRun, partitionCopy } from "./copy-run.ts";
import type { MigrateWatch } from "./migrate.ts";
import { migrateDefaults, type MigrateOptions } from "./options.ts";
import { lockPartition, unlockPartition } from "./partition-lock.ts";
import { MigrateCounters } from "./report.ts";

export interface RetryReport {
  readonly runId: string | null;
  readonly status: "completed" | "completed_with_errors" | "interrupted";
  readonly tried: number;
  readonly migrated: number;
  readonly failed: number;
  /** Rows that are not in PostgreSQL any more; their record errors are forgotten. */
  readonly gone: number;
  /** Rows that still name no index. */
  readonly unarchivable: number;
}

/** Sends the rows of the record errors again: those that are taken are record errors no more, the others keep the new reason. */
export async function retryErrors(
  connections: Connections,
  filter: RecordErrorFilter,
  watch: MigrateWatch,
): Promise<RetryReport> {
  const types = dataTypes.filter(
    (type) => filter.dataTypes === undefined || filter.dataTypes.length === 0 || filter.dataTypes.includes(type),
  );
  const options: MigrateOptions = {
    ...migrateDefaults,
    scope: { dataTypes: types, tenantIds: filter.tenantIds ?? [] },
  };
  const { sources } = await requireAccess(connections, options);
  await upgradeState(connections.state);
  const counters = new MigrateCounters(types, { dryRun: false });
  const found = { tried: 0, gone: 0, unarchivable: 0 };
  const report = (): Omit<RetryReport, "status"> => {
    const { migrated, failed } = counters.report.totals;
    return { runId: counters.report.runId, ...found, migrated, failed };
  };
  const status = await inRun(
    connections,
    { command: "elasticsearch errors retry", options: filter, limits: options, report },
    watch,
    async (run) => {
      counters.report.runId = run.id;
      const copy = copyRun(connections, options, run, counters, watch.progress);
      for (const source of sources) {
        const ids = await failedIds(connections, { ...filter, dataTypes: [source.logType.dataType] });
        found.tried += ids.length;
        const { partitions, gone, unarchivable } = await locate(connections, source, ids);
        found.gone += gone.length;
        found.unarchivable += unarchivable;
        await forgetRecordErrors(connections.state, source.logType.dataType, gone);
        for (const [partition, rows] of partitions) {
          if (run.signal.aborted) return "interrupted";
          await retryPartition(copy, source, partition, rows);
        }
      }
      return run.signal.aborted
        ? "interrupted"
        : counters.report.errors.total + found.unarchivable > 0
          ? "completed_with_errors"
          : "completed";
    },
  );
  return { ...report(), status };
}

async function failedIds({ state }: Connections, filter: RecordErrorFilter): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const last = ids.at(-1);
    const page = await listRecordErrors(
      state,
      filter,
      1000,
      last === undefined ? undefined : { dataType: filter.dataTypes![0]!, id: last },
    );
    ids.push(...page.map((error) => error.id));
    if (page.length < 1000) return ids;
  }
}

/** Where the rows belong now: created_at or the tenant may have been mended since. */
async function locate(
  { postgres, settings }: Connections,
  { table, logType }: SourceTable,
  ids: readonly string[],
): Promise<{ partitions: Map<Partition, string[]>; gone: string[]; unarchivable: number }> {
  const idType = quoteIdentifier(table.columns.find((column) => column.name === "id")!.type);
  const month = monthExpression({ table, timeZone: zoneOf({ table }, settings.sourceTimeZone) });
  const rows = await postgres.query<{ id: string; tenantId: string; month: string | null }>(
    `select t.id::text as id, t.tenant_id::text as "tenantId", ${month} as month from ${table.sqlName} t where t.id = any($1::${idType}[])`,
    [ids],
  );
  const byKey = new Map<string, { partition: Partition; ids: string[] }>();
  for (const row of rows.rows) {
    if (row.month === null) continue;
    const partition: Partition = { dataType: logType.dataType, tenantId: row.tenantId, month: row.month };
    const entry = byKey.get(partitionKey(partition)) ?? { partition, ids: [] };
    entry.ids.push(row.id);
    byKey.set(partitionKey(partition), entry);
  }
  const there = new Set(rows.rows.map((row) => row.id));
  return {
    partitions: new Map([...byKey.values()].map((entry) => [entry.partition, entry.ids])),
    gone: ids.filter((id) => !there.has(id)),
    unarchivable: rows.rows.filter((row) => row.month === null).length,
  };
}

async function retryPartition(
  all: CopyRun,
  source: SourceTable,
  partition: Partition,
  ids: readonly string[],
): Promise<void> {
  const { run } = all;
  await lockPartition(run, partition);
  try {
    const copy = partitionCopy(all, source, partition);
    const index = await copy.target.ensure();
    const { stateBefore } = await beginPartition(
      copy.state,
      partition,
      { name: copy.target.index, uuid: index.uuid },
      { id: run.id, fromNothing: false },
    );
    await copyById(copy, pagesOf(ids, copy.read.limits.rows), { isUnchanged: () => false, areNew: true }, run.signal);
    await copy.target.refresh();
    if (stateBefore !== undefined && stateBefore !== "copying") await finishCopying(copy.state, partition, run.id);
  } finally {
    await unlockPartition(run, partition);
  }
}

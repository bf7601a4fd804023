import { finishCopying, readPartition } from "../state/partitions/partitions.ts";
import { archiveRecordErrors, forgetRecordErrors, type RecordErrorFilter } from "../state/record-errors.ts";
import { upgradeState } from "../state/upgrade.ts";
import { eachErrorPage } from "../../runs/record-errors.ts";
import { inRun, type RunWatch } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import type { Connections } from "../connections.ts";
import { dataTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { requireAccess } from "../preflight/preflight.ts";
import { PostgresLogs } from "../rows/postgres-logs.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import { pagesOf } from "../copying/pages-of.ts";
import { copyById } from "../copying/copy-rows.ts";
import { type CopyRun, copyRun, partitionCopy } from "../copying/copy-run.ts";
import { migrateDefaults, type MigrateOptions } from "../copying/options.ts";
import { whenFree } from "../partitions/partition-lock.ts";
import { MigrateCounters } from "../copying/report.ts";

export interface RetryReport {
  readonly runId: string | null;
  readonly status: "completed" | "completed_with_errors" | "interrupted";
  readonly tried: number;
  readonly migrated: number;
  readonly failed: number;
  /** Rows that are not in PostgreSQL any more; their record errors are forgotten. */
  readonly gone: number;
  /** Rows of partitions whose index retention has dropped; their record errors are forgotten. */
  readonly expired: number;
  /** Rows that still name no index. */
  readonly unarchivable: number;
}

/**
 * Sends the rows of the record errors again: those that are taken are record errors no more, the others keep the new
 * reason.
 */
export async function retryErrors(
  connections: Connections,
  filter: RecordErrorFilter,
  watch: RunWatch,
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
  const found = { tried: 0, gone: 0, expired: 0, unarchivable: 0 };
  const report = (): Omit<RetryReport, "status"> => {
    const { migrated, failed } = counters.report.totals;
    return { runId: counters.report.runId, ...found, migrated, failed };
  };
  const status = await inRun(
    archiveHome(connections, watch),
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
          found.expired += await retryPartition(copy, source, partition, rows);
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
  for await (const page of eachErrorPage(archiveRecordErrors(state), filter)) ids.push(...page.map(({ id }) => id));
  return ids;
}

/** Where the rows belong now: created_at or the tenant may have been mended since. */
async function locate(
  { postgres, settings }: Connections,
  source: SourceTable,
  ids: readonly string[],
): Promise<{ partitions: Map<Partition, string[]>; gone: string[]; unarchivable: number }> {
  const rows = await new PostgresLogs(postgres, source).locate(ids, settings.sourceTimeZone);
  const byKey = new Map<string, { partition: Partition; ids: string[] }>();
  for (const [id, { tenantId, month }] of rows) {
    if (month === null) continue;
    const partition: Partition = { dataType: source.logType.dataType, tenantId, month };
    const entry = byKey.get(partitionKey(partition)) ?? { partition, ids: [] };
    entry.ids.push(id);
    byKey.set(partitionKey(partition), entry);
  }
  return {
    partitions: new Map([...byKey.values()].map((entry) => [entry.partition, entry.ids])),
    gone: ids.filter((id) => !rows.has(id)),
    unarchivable: [...rows.values()].filter(({ month }) => month === null).length,
  };
}

/** Returns how many of the rows were left out, for their partition is expired. */
function retryPartition(
  all: CopyRun,
  source: SourceTable,
  partition: Partition,
  ids: readonly string[],
): Promise<number> {
  const { connections, run } = all;
  return whenFree(run, partition, async () => {
    if ((await readPartition(connections.state, partition))?.state === "expired") {
      await forgetRecordErrors(connections.state, partition.dataType, ids);
      return ids.length;
    }
    const copy = partitionCopy(all, source, partition);
    const { stateBefore } = await beginCopying(copy, false, run.signal);
    await copyById(copy, pagesOf(ids, copy.read.limits.rows), { isUnchanged: () => false, areNew: true }, run.signal);
    await copy.target.refresh();
    if (stateBefore !== undefined && stateBefore !== "copying") await finishCopying(copy.state, partition, run.id);
    return 0;
  });
}

import { existingIds } from "../../stores/elasticsearch/documents/documents.ts";
import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { indexName } from "../../stores/elasticsearch/indices/index-names.ts";
import type { Connections } from "../connections.ts";
import { dataTypes } from "../partitions/log-types.ts";
import { planPartitions } from "../partitions/plan.ts";
import { keysQuery, type PlanContext } from "../partitions/plan-query.ts";
import { inspectSources, zoneOf } from "../partitions/source-schema.ts";

/** Beyond so many rows that no checkpoint covers, a copy is due anyway; these are not looked for one by one. */
const mostLookedFor = 100_000;
const idsAtOnce = 2000;

/**
 * Rows of the tenant in PostgreSQL that have no document. Checkpoints say it of most; rows behind them, which the
 * application or apply-dirty may have written, are looked for by their ids. `indices` are all of the tenant's. Rows of
 * months that retention dropped are read from PostgreSQL and not counted.
 */
export async function missingRows(
  { postgres, elasticsearch, settings }: Connections,
  tenantId: string,
  indices: readonly Pick<ArchiveIndex, "name" | "uuid">[],
  signal: AbortSignal,
): Promise<number> {
  const uuids = indices.map(({ uuid }) => uuid);
  const names = new Set(indices.map(({ name }) => name));
  const scope = { dataTypes, tenantIds: [tenantId] };
  let missing = 0;
  for (const source of await inspectSources(postgres, scope)) {
    const { dataType, resource } = source.logType;
    const timeZone = zoneOf(source, settings.sourceTimeZone);
    const context: PlanContext = { dataType, table: source.table, scope, timeZone, indexUuids: uuids, keysOnly: true };
    const plan = await planPartitions(postgres, context, undefined, signal);
    const uncovered = plan.partitions.reduce((sum, { rows }) => sum + rows, 0);
    if (uncovered === 0) continue;
    if (uncovered > mostLookedFor) {
      missing += uncovered;
      continue;
    }
    const keys = await postgres.query<{ id: string; month: string }>(
      `select k.id::text as id, k.month from (${keysQuery(context)}) k where k.month is not null and not k.listed_again order by k.month, k.id`,
    );
    for (const [month, rows] of Map.groupBy(keys.rows, (row) => row.month)) {
      const index = indexName({ ...settings.template, resource, tenantId, month });
      if (!names.has(index)) {
        missing += rows.length;
        continue;
      }
      for (let at = 0; at < rows.length; at += idsAtOnce) {
        signal.throwIfAborted();
        const some = rows.slice(at, at + idsAtOnce).map(({ id }) => id);
        missing += some.length - (await existingIds(elasticsearch, index, some)).size;
      }
    }
  }
  return missing;
}

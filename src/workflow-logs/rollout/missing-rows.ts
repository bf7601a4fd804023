import { existingIds } from "../../stores/elasticsearch/documents.ts";
import { listIndices } from "../../stores/elasticsearch/index-list.ts";
import { indexName } from "../../stores/elasticsearch/index-names.ts";
import type { Connections } from "../connections.ts";
import { dataTypes, resources } from "../log-types.ts";
import { planPartitions } from "../migrate/plan.ts";
import { keysQuery, type PlanContext } from "../rows/plan-query.ts";
import { inspectSources, zoneOf } from "../source-schema.ts";

/** Beyond so many rows that no checkpoint covers, a copy is due anyway; these are not looked for one by one. */
const mostLookedFor = 100_000;
const idsAtOnce = 2000;

/**
 * Rows of the tenant in PostgreSQL that have no document. Checkpoints say it of most; rows behind them, which the application or apply-dirty may have
 * written, are looked for by their ids. Rows of months that retention dropped are read from PostgreSQL and not counted.
 */
export async function missingRows(connections: Connections, tenantId: string, signal: AbortSignal): Promise<number> {
  const { postgres, elasticsearch, settings } = connections;
  const { indices } = await listIndices(elasticsearch, settings.template.prefix, resources, tenantId);
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
    for (const [month, ids] of byMonth(keys.rows)) {
      const index = indexName({ prefix: settings.template.prefix, resource, tenantId, month });
      if (!names.has(index)) {
        missing += ids.length;
        continue;
      }
      for (let at = 0; at < ids.length; at += idsAtOnce) {
        signal.throwIfAborted();
        const some = ids.slice(at, at + idsAtOnce);
        missing += some.length - (await existingIds(elasticsearch, index, some)).size;
      }
    }
  }
  return missing;
}

function byMonth(keys: readonly { id: string; month: string }[]): Map<string, string[]> {
  const months = new Map<string, string[]>();
  for (const { id, month } of keys) {
    const known = months.get(month);
    if (known === undefined) months.set(month, [id]);
    else known.push(id);
  }
  return months;
}

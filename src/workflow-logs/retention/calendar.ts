import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import type { Connections } from "../connections.ts";
import { dataTypeOf, type Partition, resources } from "../partitions/log-types.ts";
import { listRules } from "../state/retention/rules.ts";
import { pendingMigrations } from "../state/upgrade.ts";
import { dueAt } from "./age-rule.ts";
import { policyOf } from "./retention-days.ts";
import type { Sum } from "./report.ts";
import { retentionSchedule } from "./schedule/schedule.ts";

export interface DatedIndex extends Partition {
  readonly name: string;
  /** As of the last refresh; 0 where it cannot be known. */
  readonly documents: number;
  /** On disk, with all replicas. */
  readonly bytes: number;
  readonly retentionDays: number;
  /** A sweep from this instant on may delete it. */
  readonly dueAt: string;
}

export interface CalendarDay extends Sum {
  /** UTC. */
  readonly day: string;
  tenants: number;
}

export interface RetentionCalendar {
  readonly now: string;
  /** Where no rule says otherwise: those of the schedule, else ELASTICSEARCH_RETENTION_DAYS. */
  readonly retentionDays: number;
  /** Days on which something becomes due, the earliest first; those that have passed hold what is due already. */
  readonly days: readonly CalendarDay[];
  /** The first that are due, the earliest first. */
  readonly next: readonly DatedIndex[];
  /** Kept by a hold, however old. */
  readonly held: Sum;
}

/**
 * When each index of the archive is past its retention, by its month and the rules as they are now. A sweep also looks
 * at the newest document, and may keep an index longer. Reads only.
 */
export async function retentionCalendar(
  connections: Connections,
  { tenantIds, first, now }: { readonly tenantIds: readonly string[]; readonly first: number; readonly now: Date },
): Promise<RetentionCalendar> {
  const { elasticsearch, state, settings, archive } = connections;
  const hasRules = (await pendingMigrations(state)).length === 0;
  const rules = Map.groupBy(hasRules ? await listRules(state, tenantIds) : [], ({ tenantId }) => tenantId);
  const retentionDays = (await retentionSchedule(connections))?.retentionDays ?? settings.retentionDays;
  const only = tenantIds.length === 1 ? tenantIds[0] : undefined;
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources, only);
  const held: Sum = { indices: 0, documents: 0, bytes: 0 };
  const dated: DatedIndex[] = [];
  for (const { name, resource, tenantId, month, documents = 0, bytes } of indices) {
    if (tenantIds.length > 0 && !tenantIds.includes(tenantId)) continue;
    const partition: Partition = { dataType: dataTypeOf(resource), tenantId, month };
    const policy = policyOf(rules.get(tenantId) ?? [], partition, retentionDays);
    if (policy.held) add(held, { documents, bytes });
    else {
      const due = dueAt(month, policy.days).toISOString();
      dated.push({ ...partition, name, documents, bytes, retentionDays: policy.days, dueAt: due });
    }
  }
  dated.sort((a, b) => (a.dueAt === b.dueAt ? compare(a.name, b.name) : compare(a.dueAt, b.dueAt)));
  return { now: now.toISOString(), retentionDays, days: daysOf(dated), next: dated.slice(0, first), held };
}

function daysOf(dated: readonly DatedIndex[]): CalendarDay[] {
  return [...Map.groupBy(dated, ({ dueAt: due }) => due.slice(0, due.indexOf("T")))].map(([day, indices]) => {
    const sum: CalendarDay = { day, tenants: new Set(indices.map(({ tenantId }) => tenantId)).size, ...nothing };
    for (const index of indices) add(sum, index);
    return sum;
  });
}

const nothing: Readonly<Sum> = { indices: 0, documents: 0, bytes: 0 };

function add(sum: Sum, { documents, bytes }: Pick<Sum, "documents" | "bytes">): void {
  sum.indices++;
  sum.documents += documents;
  sum.bytes += bytes;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

import { tenantsWithPlacements } from "../../../state/partitions/month-placements.ts";
import type { StateDatabase } from "../../../state/database.ts";
import type { LogRecord } from "../../records/record-kind.ts";
import type { DualReads, MergedQuestion } from "./dual-reads.ts";

export interface TenantsQuestion<R, A> extends Omit<MergedQuestion<R, A>, "ask"> {
  /** Of these tenants, or of all. */
  readonly ask: (logs: R, tenantIds: readonly string[] | undefined) => Promise<A>;
}

interface FromPostgres<A> {
  readonly fromPostgres: A;
  readonly elsewhere: TenantsElsewhere;
}

/** Tenants that are not read from PostgreSQL alone. */
interface TenantsElsewhere {
  readonly inElasticsearch: readonly string[];
  readonly inBoth: readonly string[];
  readonly all: readonly string[];
}

/**
 * The tenant that has the log, by a question that is no tenant's. Elasticsearch is asked only when some tenant has logs
 * there alone.
 */
export async function tenantOf<R, T extends LogRecord>(
  reads: DualReads<R, T>,
  ask: (logs: R) => Promise<LogRecord | undefined>,
): Promise<string | undefined> {
  const { connections, snapshots } = reads.policy;
  const { found, isElsewhere } = await snapshots.take(async (state) => ({
    found: await ask(reads.readers.postgres({ ...connections, state })),
    isElsewhere: (await tenantsElsewhere(reads, state)).all.length > 0,
  }));
  if (found !== undefined || !isElsewhere) return found?.tenantId;
  return (await ask(reads.elasticsearch))?.tenantId;
}

/** A question about these tenants, or all of them: each tenant's logs come from where they are read. */
export async function readTenants<R, T extends LogRecord, A>(
  reads: DualReads<R, T>,
  tenantIds: readonly string[] | undefined,
  { ask, merge, ...question }: TenantsQuestion<R, A>,
): Promise<A> {
  const { connections, snapshots } = reads.policy;
  const { fromPostgres, elsewhere } = await snapshots.take(async (state): Promise<FromPostgres<A>> => {
    const others = await tenantsElsewhere(reads, state);
    const rest = reads.readers.postgres({ ...connections, state, part: { withoutTenants: others.all } });
    return { fromPostgres: await ask(rest, tenantIds), elsewhere: others };
  });
  let answer: A = fromPostgres;
  const isAsked = (id: string): boolean => tenantIds?.includes(id) ?? true;
  const whole = elsewhere.inElasticsearch.filter(isAsked);
  if (whole.length > 0) answer = merge(answer, await ask(reads.elasticsearch, whole));
  for (const tenantId of elsewhere.inBoth.filter(isAsked)) {
    const ofTenant = (logs: R): Promise<A> => ask(logs, [tenantId]);
    answer = merge(answer, await reads.read(tenantId, { ...question, merge, ask: ofTenant }));
  }
  return answer;
}

async function tenantsElsewhere<R, T extends LogRecord>(
  { policy, kind }: DualReads<R, T>,
  state: StateDatabase,
): Promise<TenantsElsewhere> {
  const inBoth = await tenantsWithPlacements(state, kind.logType.dataType);
  const modes = await policy.modes.all();
  const mixed = new Set(inBoth);
  const inElasticsearch = [...modes.keys()].filter((id) => modes.get(id)!.read === "elasticsearch" && !mixed.has(id));
  return { inElasticsearch, inBoth, all: [...inElasticsearch, ...inBoth] };
}

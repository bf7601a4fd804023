import { readPlacements, tenantsWithPlacements } from "../../../stores/postgres/state/month-placements.ts";
import type { Connections } from "../../connections.ts";
import { ElasticsearchRecords } from "../records/elasticsearch-records.ts";
import type { Part, Partly } from "../records/part.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";
import type { SecondWrites } from "./second-writes.ts";
import type { ShadowReads } from "./shadow-reads.ts";
import type { TenantModes } from "./tenant-modes.ts";

/** Makes what answers from a store, or from a part of it. */
export interface ReadersOf<R> {
  readonly postgres: (connections: Connections & Partly) => R;
  readonly elasticsearch: (connections: Connections & Partly) => R;
}

export interface Question<R, A> {
  /** As the method is called, for the log. */
  readonly method: string;
  readonly ask: (logs: R) => Promise<A>;
  /** Puts the answers of two parts together that have no log in common, the first that of the tenant's own store. */
  readonly merge: (own: A, other: A) => A;
  /** False where the stores are to answer differently. */
  readonly isComparable?: boolean;
}

export interface TenantsQuestion<R, A> extends Omit<Question<R, A>, "ask"> {
  /** Of these tenants, or of all. */
  readonly ask: (logs: R, tenantIds: readonly string[] | undefined) => Promise<A>;
}

/** Tenants that are not read from PostgreSQL alone. */
interface TenantsElsewhere {
  readonly inElasticsearch: readonly string[];
  readonly inBoth: readonly string[];
  readonly all: ReadonlySet<string>;
}

/** What reads of every data type share. */
export interface ReadPolicy {
  readonly connections: Connections;
  readonly modes: TenantModes;
  readonly writes: SecondWrites;
  readonly shadow: ShadowReads;
}

/**
 * Asks the store that a tenant's read mode names, its own, and for months that this store does not have whole also the other: reads go where the rows
 * are. A log that both have counts once, as the own store has it.
 */
export class DualReads<R, T extends LogRecord> {
  private readonly policy: ReadPolicy;
  private readonly kind: RecordKind<T>;
  private readonly readers: ReadersOf<R>;
  private readonly postgres: R;
  private readonly elasticsearch: R;

  constructor(policy: ReadPolicy, kind: RecordKind<T>, readers: ReadersOf<R>) {
    this.policy = policy;
    this.kind = kind;
    this.readers = readers;
    this.postgres = readers.postgres(policy.connections);
    this.elasticsearch = readers.elasticsearch(policy.connections);
  }

  async read<A>(tenantId: string, question: Question<R, A>): Promise<A> {
    const { read } = await this.policy.modes.of(tenantId);
    if (read === "elasticsearch") return this.fromElasticsearch(tenantId, question);
    const own = await this.fromWholePostgres(tenantId, question);
    return own === undefined ? this.fromPostgresAndPurged(tenantId, question) : own.answer;
  }

  /** The answer of the tenant's own store; undefined when it does not have every month whole. */
  async readWhole<A>(tenantId: string, question: Omit<Question<R, A>, "merge">): Promise<A | undefined> {
    const { read } = await this.policy.modes.of(tenantId);
    if (read !== "elasticsearch") return (await this.fromWholePostgres(tenantId, question))?.answer;
    const answer = await question.ask(this.elasticsearch);
    return (await this.placements(tenantId)).expired.length > 0 ? undefined : answer;
  }

  /** A log by its id: the other store is asked for what the own one does not have. */
  async find<A>(
    tenantId: string,
    id: string,
    question: Omit<Question<R, A | undefined>, "merge">,
  ): Promise<A | undefined> {
    const { connections, modes, writes } = this.policy;
    const { dataType } = this.kind.logType;
    const { read } = await modes.of(tenantId);
    // what was written a moment ago may not be in Elasticsearch yet
    const isElasticsearch = read === "elasticsearch" && !writes.isPending({ dataType, id });
    const own = await question.ask(isElasticsearch ? this.elasticsearch : this.postgres);
    if (own !== undefined) {
      if (!isElasticsearch) await this.shadowRead(tenantId, question, own);
      return own;
    }
    const { inElasticsearch, expired } = await this.placements(tenantId);
    const months = isElasticsearch ? expired : inElasticsearch;
    if (months.length === 0) return undefined;
    const reader = isElasticsearch ? this.readers.postgres : this.readers.elasticsearch;
    return question.ask(reader({ ...connections, part: { months } }));
  }

  /** The tenant that has the log, by a question that is no tenant's. Elasticsearch is asked only when some tenant has logs there alone. */
  async tenantOf(ask: (logs: R) => Promise<LogRecord | undefined>): Promise<string | undefined> {
    const found = await ask(this.postgres);
    if (found !== undefined || (await this.tenantsElsewhere()).all.size === 0) return found?.tenantId;
    return (await ask(this.elasticsearch))?.tenantId;
  }

  /** A question about these tenants, or all of them: each tenant's logs come from where they are read. */
  async readTenants<A>(
    tenantIds: readonly string[] | undefined,
    { method, ask, merge }: TenantsQuestion<R, A>,
  ): Promise<A> {
    for (;;) {
      const elsewhere = await this.tenantsElsewhere();
      const withoutTenants = [...elsewhere.all];
      const others = tenantIds?.filter((id) => !elsewhere.all.has(id));
      const rest = this.readers.postgres({ ...this.policy.connections, part: { withoutTenants } });
      let answer: A = await ask(rest, others);
      const isAsked = (id: string): boolean => tenantIds?.includes(id) ?? true;
      const whole = elsewhere.inElasticsearch.filter(isAsked);
      if (whole.length > 0) answer = merge(answer, await ask(this.elasticsearch, whole));
      for (const tenantId of elsewhere.inBoth.filter(isAsked)) {
        const ofTenant = { method, merge, ask: (logs: R): Promise<A> => ask(logs, [tenantId]) };
        answer = merge(answer, await this.read(tenantId, ofTenant));
      }
      const now = await this.tenantsElsewhere(); // a purge that has begun meanwhile took rows that were not seen
      if (now.all.size === elsewhere.all.size) return answer;
    }
  }

  private async tenantsElsewhere(): Promise<TenantsElsewhere> {
    const { connections, modes } = this.policy;
    const inBoth = await tenantsWithPlacements(connections.state, this.kind.logType.dataType);
    const mixed = new Set(inBoth);
    const all = await modes.all();
    const inElasticsearch = [...all.keys()].filter((id) => all.get(id)!.read === "elasticsearch" && !mixed.has(id));
    return { inElasticsearch, inBoth, all: new Set([...inElasticsearch, ...inBoth]) };
  }

  private placements(tenantId: string) {
    return readPlacements(this.policy.connections.state, this.kind.logType.dataType, tenantId);
  }

  private async fromWholePostgres<A>(
    tenantId: string,
    question: Omit<Question<R, A>, "merge">,
  ): Promise<{ answer: A } | undefined> {
    const answer = await question.ask(this.postgres);
    const { inElasticsearch } = await this.placements(tenantId); // after the answer, see there
    if (inElasticsearch.length > 0) return undefined;
    await this.shadowRead(tenantId, question, answer);
    return { answer };
  }

  /**
   * What PostgreSQL has, and what Elasticsearch has of those months and PostgreSQL has not. Rows, ids and months are of one snapshot: of a batch that is
   * purged meanwhile either the rows are counted or their documents.
   */
  private async fromPostgresAndPurged<A>(tenantId: string, { ask, merge }: Question<R, A>): Promise<A> {
    const { connections } = this.policy;
    const { own, part } = await connections.state
      .transaction()
      .setIsolationLevel("repeatable read")
      .setAccessMode("read only")
      .execute(async (state) => {
        const snapshot = { ...connections, state };
        const { inElasticsearch } = await readPlacements(state, this.kind.logType.dataType, tenantId);
        const inMonths = new PostgresRecords({ ...snapshot, part: { months: inElasticsearch } }, this.kind);
        const answer = await ask(this.readers.postgres(snapshot));
        const ofElasticsearch: Part = { months: inElasticsearch, withoutIds: await inMonths.ids(tenantId) };
        return { own: answer, part: ofElasticsearch };
      });
    return merge(own, await ask(this.readers.elasticsearch({ ...connections, part })));
  }

  /** What Elasticsearch has, and what PostgreSQL still has of months whose index is gone. */
  private async fromElasticsearch<A>(tenantId: string, { ask, merge }: Question<R, A>): Promise<A> {
    const { connections } = this.policy;
    const own = await ask(this.elasticsearch);
    const { expired } = await this.placements(tenantId);
    if (expired.length === 0) return own;
    const inMonths = new ElasticsearchRecords({ ...connections, part: { months: expired } }, this.kind);
    const part: Part = { months: expired, withoutIds: await inMonths.ids(tenantId) };
    return merge(own, await ask(this.readers.postgres({ ...connections, part })));
  }

  private async shadowRead<A>(
    tenantId: string,
    { method, ask, isComparable = true }: Omit<Question<R, A>, "merge">,
    answer: A,
  ): Promise<void> {
    const { read } = await this.policy.modes.of(tenantId);
    if (read !== "shadow" || !isComparable) return;
    this.policy.shadow.sample({
      method,
      tenantId,
      dataType: this.kind.logType.dataType,
      answer,
      askPostgres: () => ask(this.postgres),
      askElasticsearch: () => ask(this.elasticsearch),
      refresh: () => new ElasticsearchRecords(this.policy.connections, this.kind).refresh(tenantId),
    });
  }
}

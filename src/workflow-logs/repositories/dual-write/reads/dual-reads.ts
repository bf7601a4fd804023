import { type MonthPlacements, readPlacements } from "../../../state/partitions/month-placements.ts";
import type { StateDatabase } from "../../../state/database.ts";
import type { Connections } from "../../../connections.ts";
import { ElasticsearchRecords } from "../../records/elasticsearch-records.ts";
import type { Partly } from "../../records/part-of-logs.ts";
import { PostgresRecords } from "../../records/postgres-records.ts";
import type { LogRecord, RecordKind } from "../../records/record-kind.ts";
import type { PostgresSnapshots } from "./postgres-snapshots.ts";
import type { SecondWrites } from "../second-writes.ts";
import type { ShadowReads } from "./shadow-reads.ts";
import type { TenantModes } from "../tenant-modes.ts";

/** Makes what answers from a store, or from a part of it. */
export interface ReadersOf<R> {
  readonly postgres: (connections: Connections & Partly) => R;
  readonly elasticsearch: (connections: Connections & Partly) => R;
}

export interface Question<R, A> {
  /** As the method is called, for the log. */
  readonly method: string;
  readonly ask: (logs: R) => Promise<A>;
  /** False where the stores are to answer differently. */
  readonly isComparable?: boolean;
}

export interface MergedQuestion<R, A> extends Question<R, A> {
  /** Puts the answers of two parts together that have no log in common, the first that of the tenant's own store. */
  readonly merge: (own: A, other: A) => A;
}

/** What reads of every data type share. */
export interface ReadPolicy {
  readonly connections: Connections;
  readonly modes: TenantModes;
  readonly snapshots: PostgresSnapshots;
  readonly writes: SecondWrites;
  readonly shadow: ShadowReads;
}

/**
 * Asks the store that a tenant's read mode names, its own, and for months that this store does not have whole also the
 * other: reads go where the rows are. A log that both have counts once, as the own store has it.
 */
export class DualReads<R, T extends LogRecord> {
  readonly policy: ReadPolicy;
  readonly kind: RecordKind<T>;
  readonly readers: ReadersOf<R>;
  readonly elasticsearch: R;
  private readonly postgres: R;

  constructor(policy: ReadPolicy, kind: RecordKind<T>, readers: ReadersOf<R>) {
    this.policy = policy;
    this.kind = kind;
    this.readers = readers;
    this.postgres = readers.postgres(policy.connections);
    this.elasticsearch = readers.elasticsearch(policy.connections);
  }

  async read<A>(tenantId: string, question: MergedQuestion<R, A>): Promise<A> {
    const { connections, modes, snapshots } = this.policy;
    const { ask, merge } = question;
    const { read } = await modes.of(tenantId);
    if (read === "elasticsearch") return this.fromElasticsearch(tenantId, question);
    // of a batch that is purged or restored meanwhile either the rows are counted or their documents
    const { own, part } = await snapshots.take(async (state) => {
      const { inElasticsearch: months } = await this.placements(state, tenantId);
      const answer = await ask(this.readers.postgres({ ...connections, state }));
      if (months.length === 0) return { own: answer };
      const rows = new PostgresRecords({ ...connections, state, part: { months } }, this.kind);
      return { own: answer, part: { months, withoutIds: await rows.ids(tenantId) } };
    });
    if (part !== undefined) return merge(own, await ask(this.readers.elasticsearch({ ...connections, part })));
    await this.shadowRead(tenantId, question, own);
    return own;
  }

  /** The answer of the tenant's own store; undefined when it does not have every month whole. */
  async readWhole<A>(tenantId: string, question: Question<R, A>): Promise<A | undefined> {
    const { connections, modes, snapshots } = this.policy;
    const { read } = await modes.of(tenantId);
    if (read === "elasticsearch") {
      const answer = await question.ask(this.elasticsearch);
      return (await this.placements(connections.state, tenantId)).expired.length > 0 ? undefined : answer;
    }
    const own = await snapshots.take(async (state) => {
      const { inElasticsearch } = await this.placements(state, tenantId);
      return inElasticsearch.length > 0 ? undefined : question.ask(this.readers.postgres({ ...connections, state }));
    });
    if (own !== undefined) await this.shadowRead(tenantId, question, own);
    return own;
  }

  /** A log by its id: the other store is asked for what the own one does not have. */
  async find<A>(tenantId: string, id: string, question: Question<R, A | undefined>): Promise<A | undefined> {
    const { modes, writes } = this.policy;
    const { dataType } = this.kind.logType;
    const { read } = await modes.of(tenantId);
    // what was written a moment ago may not be in Elasticsearch yet
    const isElasticsearch = read === "elasticsearch" && !writes.isPending({ dataType, id });
    const own = await question.ask(isElasticsearch ? this.elasticsearch : this.postgres);
    if (own === undefined) return this.findElsewhere(tenantId, isElasticsearch, question);
    if (!isElasticsearch) await this.shadowRead(tenantId, question, own);
    return own;
  }

  private async findElsewhere<A>(
    tenantId: string,
    isElasticsearch: boolean,
    { ask }: Question<R, A | undefined>,
  ): Promise<A | undefined> {
    const { connections, snapshots } = this.policy;
    if (isElasticsearch) {
      const { expired: months } = await this.placements(connections.state, tenantId);
      return months.length === 0 ? undefined : ask(this.readers.postgres({ ...connections, part: { months } }));
    }
    const { own, months } = await snapshots.take(async (state) => ({
      months: (await this.placements(state, tenantId)).inElasticsearch,
      own: await ask(this.readers.postgres({ ...connections, state })), // once more: it may have been restored
    }));
    if (own !== undefined || months.length === 0) return own;
    return ask(this.readers.elasticsearch({ ...connections, part: { months } }));
  }

  /** What Elasticsearch has, and what PostgreSQL still has of months whose index is gone. */
  private async fromElasticsearch<A>(tenantId: string, { ask, merge }: MergedQuestion<R, A>): Promise<A> {
    const { connections } = this.policy;
    const own = await ask(this.elasticsearch);
    // after the answer that may lack them
    const { expired: months } = await this.placements(connections.state, tenantId);
    if (months.length === 0) return own;
    const documents = new ElasticsearchRecords({ ...connections, part: { months } }, this.kind);
    const part = { months, withoutIds: await documents.ids(tenantId) };
    return merge(own, await ask(this.readers.postgres({ ...connections, part })));
  }

  private placements(state: StateDatabase, tenantId: string): Promise<MonthPlacements> {
    return readPlacements(state, this.kind.logType.dataType, tenantId);
  }

  private async shadowRead<A>(
    tenantId: string,
    { method, ask, isComparable = true }: Question<R, A>,
    answer: A,
  ): Promise<void> {
    const { connections, modes, shadow } = this.policy;
    const { read } = await modes.of(tenantId);
    if (read !== "shadow" || !isComparable) return;
    shadow.sample({
      method,
      tenantId,
      dataType: this.kind.logType.dataType,
      answer,
      askPostgres: () => ask(this.postgres),
      askElasticsearch: () => ask(this.elasticsearch),
      refresh: () => new ElasticsearchRecords(connections, this.kind).refresh(tenantId),
    });
  }
}

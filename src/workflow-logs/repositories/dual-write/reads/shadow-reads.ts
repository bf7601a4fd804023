import { setTimeout as sleep } from "node:timers/promises";
import type { StateDatabase } from "../../../state/database.ts";
import { hasDirtyRows } from "../../../state/dirty/dirty-rows.ts";
import { type AnswerDifference, answerDifference } from "./differing-fields.ts";

/** As pino has it. */
export interface Logger {
  warn(fields: object, message: string): void;
}

export interface ShadowOptions {
  /** Of reads in mode shadow, from 0 to 1. */
  readonly share: number;
  /** Comparisons under way; a read that is sampled beyond is not compared. */
  readonly concurrency: number;
  readonly timeoutMillis: number;
  /** Before a difference is looked at again. */
  readonly pauseMillis: number;
}

export interface SampledRead {
  readonly method: string;
  readonly tenantId: string;
  readonly dataType: string;
  /** PostgreSQL's, which the caller has. */
  readonly answer: unknown;
  readonly askPostgres: () => Promise<unknown>;
  readonly askElasticsearch: () => Promise<unknown>;
  /** Afterwards searches see all that is written. */
  readonly refresh: () => Promise<void>;
}

/** So often is a difference looked at while the logs change under it. */
const looks = 3;

/**
 * Asks Elasticsearch what PostgreSQL has answered, in the background, and says where it differs. A search lags behind:
 * what differs is asked again of both after a refresh, and counts as a mismatch only when PostgreSQL says the same
 * before and after and nothing of the tenant waits to be written.
 */
export class ShadowReads {
  compared = 0;
  mismatched = 0;
  /** The logs changed each time they were looked at, or changed rows wait: nothing can be said. */
  undecided = 0;
  failed = 0;
  timedOut = 0;
  skipped = 0;
  private readonly state: StateDatabase;
  private readonly options: ShadowOptions;
  private readonly logger: Logger | undefined;
  private readonly isPending: (tenantId: string) => boolean;
  private readonly underWay = new Set<Promise<void>>();
  private readonly closed = new AbortController();

  constructor(
    state: StateDatabase,
    options: ShadowOptions,
    logger: Logger | undefined,
    isPending: (tenantId: string) => boolean,
  ) {
    this.state = state;
    this.options = options;
    this.logger = logger;
    this.isPending = isPending;
  }

  /** Returns at once and never throws. */
  sample(read: SampledRead): void {
    if (Math.random() >= this.options.share || this.closed.signal.aborted) return;
    if (this.underWay.size >= this.options.concurrency) {
      this.skipped++;
      return;
    }
    const work = this.compare(read).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** Resolves when no comparison is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Begins no comparison any more. */
  close(): void {
    this.closed.abort();
  }

  /** Never rejects. The place is taken until Elasticsearch has answered, however long nobody waits for it any more. */
  private async compare(read: SampledRead): Promise<void> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.timedOut++;
    }, this.options.timeoutMillis).unref();
    try {
      const found = await read.askElasticsearch();
      clearTimeout(timer);
      if (isLate) return;
      if (answerDifference(read.answer, found) === undefined) this.compared++;
      else await this.lookAgain(read);
    } catch {
      if (!isLate) this.failed++; // the caller has its answer; Elasticsearch's failures are counted here
    } finally {
      clearTimeout(timer);
    }
  }

  private async lookAgain(read: SampledRead): Promise<void> {
    const { method, tenantId, dataType } = read;
    for (let look = 0; look < looks && !this.closed.signal.aborted; look++) {
      await sleep(this.options.pauseMillis, undefined, { ref: false, signal: this.closed.signal }).catch(() => {});
      const before = await read.askPostgres();
      if (this.isPending(tenantId) || (await hasDirtyRows(this.state, dataType, tenantId))) continue;
      await read.refresh();
      const found = await read.askElasticsearch();
      const after = await read.askPostgres();
      if (answerDifference(before, after) !== undefined) continue;
      const difference: AnswerDifference | undefined = answerDifference(before, found);
      this.compared++;
      if (difference === undefined) return;
      this.mismatched++;
      const { ids, fields } = difference;
      this.logger?.warn({ method, tenantId, ids, fields }, "Elasticsearch answers otherwise than PostgreSQL");
      return;
    }
    this.undecided++;
  }
}

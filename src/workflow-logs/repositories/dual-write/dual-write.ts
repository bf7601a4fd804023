import { keepAlive } from "../../../engine/keep-alive.ts";
import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import { markDirectWrite, readPlacements } from "../../state/partitions/month-placements.ts";
import { forgetRequestedDelete, requestDelete } from "../../state/dirty/requested-deletes.ts";
import type { Connections } from "../../connections.ts";
import { type DataType, partitionKey } from "../../partitions/log-types.ts";
import { endingWith, withRequestLimit } from "../../../stores/elasticsearch/request-limits.ts";
import { passingFailure } from "../../dirty/passing-failures.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import { inSaveTime, saveMillis } from "../../save-time.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";
import { deleteRowless, type Deleting, type RowlessDeleted, unlocked } from "./deletes/delete-rowless.ts";
import type { ReadPolicy } from "./reads/dual-reads.ts";
import { RowFollower } from "./follow-rows.ts";
import { type DualWriteOptions, type GivenOptions, withDefaults } from "./options.ts";
import { PostgresSnapshots } from "./reads/postgres-snapshots.ts";
import { recordKinds } from "./record-kinds.ts";
import { Repairs } from "./repairs.ts";
import { DeleteFollower } from "./deletes/delete-follower.ts";
import { SecondWrites } from "./second-writes.ts";
import { ShadowReads } from "./reads/shadow-reads.ts";
import { TemplatesOnce } from "./templates-once.ts";
import { TenantModes } from "./tenant-modes.ts";

// src/workflow-logs/repositories/dual-write keeps both stores the same while an application writes: saves here,
// second writes behind them, reads in reads/, deletes in deletes/. Of a log that has a row, the row is the truth; no
// failure of Elasticsearch is ever the caller's.

/** A write as each store does it alone. */
export interface SaveInto {
  readonly postgres: () => Promise<void>;
  readonly elasticsearch: () => Promise<void>;
}

/**
 * What a tenant's write mode means, for logs of every type. Of a log that has a row, the row is the truth and its
 * document follows; a log without a row is in Elasticsearch alone. That holds in every mode, so that no switch leaves
 * two stores that each know something the other does not.
 */
export class DualWrite implements ReadPolicy {
  readonly connections: Connections;
  readonly modes: TenantModes;
  readonly snapshots: PostgresSnapshots;
  readonly writes: SecondWrites;
  readonly shadow: ShadowReads;
  private readonly deletes: DeleteFollower;
  private readonly repairs: Repairs;
  private readonly options: DualWriteOptions;
  private readonly rows = new Map<DataType, PostgresRecords<LogRecord>>();
  private readonly templates = new TemplatesOnce();
  private readonly markedPartitions = new Set<string>();

  constructor(connections: Connections, options: GivenOptions = {}) {
    this.connections = connections;
    this.options = withDefaults(options);
    this.modes = new TenantModes(connections.state, this.options.pollMillis);
    this.snapshots = new PostgresSnapshots(connections);
    this.repairs = new Repairs(connections.state);
    const follower = new RowFollower(connections, this.templates, this.options.budgetMillis);
    this.writes = new SecondWrites(
      (dataType, rows) => follower.follow(dataType, rows),
      this.repairs,
      this.options.queueCapacity,
    );
    this.deletes = new DeleteFollower(connections);
    this.shadow = new ShadowReads(
      connections.state,
      this.options.shadow,
      this.options.logger,
      (tenantId) => this.deletes.isWorking || this.writes.hasPendingOf(tenantId),
    );
  }

  /**
   * Resolves when the log is where its tenant's write mode wants it: `postgres` and `both`, in PostgreSQL, the second
   * write follows by itself; `elasticsearch`, in Elasticsearch. Rejects when that failed or took too long. One that
   * waits for Elasticsearch while its tenant is rolled back goes where its tenant is written then.
   */
  async save<T extends LogRecord>(kind: RecordKind<T>, record: T, into: SaveInto): Promise<void> {
    const { dataType } = kind.logType;
    const { id, tenantId } = record;
    for (;;) {
      const { write } = await this.modes.of(tenantId);
      if (write !== "elasticsearch") {
        await into.postgres();
        if (write === "both") this.writes.add({ dataType, tenantId, id });
        return;
      }
      const elsewhere = this.modes.untilWrittenElsewhere(tenantId, write);
      try {
        return await this.saveDirectly(kind, record, into, elsewhere.signal);
      } catch (error) {
        if (!elsewhere.signal.aborted) throw error;
      } finally {
        elsewhere.end();
      }
    }
  }

  private async saveDirectly<T extends LogRecord>(
    kind: RecordKind<T>,
    record: T,
    into: SaveInto,
    elsewhere: AbortSignal,
  ): Promise<void> {
    const { dataType } = kind.logType;
    const { id, tenantId } = record;
    const { elasticsearch, settings } = this.connections;
    const waiting = (work: () => Promise<void>): Promise<void> =>
      endingWith(elsewhere, () => inSaveTime(settings, id, work));
    const rows = this.rowsOf(dataType);
    await rows.refuseUnstorable(record);
    if ((await rows.existing([id])).size > 0) {
      await into.postgres();
      return waiting(() => this.writes.addAndWait({ dataType, tenantId, id }));
    }
    await waiting(() => this.templates.install(elasticsearch, settings.template));
    await this.markDirect(dataType, record);
    await waiting(into.elasticsearch);
  }

  /**
   * Deletes rows by `fromPostgres`, and the documents of the same logs: those without a row at once, when the tenant is
   * read from Elasticsearch also the others, else in the background. `add` puts what had no row to the count. What is
   * under way is kept in PostgreSQL until it is done.
   */
  async delete<C>(
    deleting: Deleting,
    fromPostgres: () => Promise<C>,
    add: (deleted: C, rowless: RowlessDeleted) => C,
  ): Promise<C> {
    const { connections } = this;
    const { dataType, tenantId } = deleting;
    validateTenantId(tenantId);
    const { write, read } = await this.modes.of(tenantId);
    const { inElasticsearch } = await readPlacements(connections.state, dataType, tenantId);
    const isRead = write === "elasticsearch" || read === "elasticsearch" || inElasticsearch.length > 0;
    if (write === "postgres" && !isRead) return fromPostgres();
    // a store that is away is waited for no longer than for a save: nothing is deleted then
    const limit = saveMillis(connections.settings);
    const rowless = isRead
      ? await withRequestLimit(limit, () => deleteRowless(connections, deleting, unlocked))
      : undefined;
    const request = await requestDelete(connections.state, deleting);
    let deleted: C;
    try {
      deleted = await fromPostgres();
    } catch (error) {
      // its rows are there, so it would do nothing
      await forgetRequestedDelete(connections.state, request).catch(() => {});
      throw error;
    }
    this.deletes.wake();
    if (rowless === undefined) return deleted;
    // what it does not come to now is requested
    await withRequestLimit(limit, () => deleteRowless(connections, deleting, unlocked)).catch((error: unknown) => {
      if (passingFailure(error) === undefined) throw error;
    });
    return add(deleted, rowless);
  }

  /** Carries out deletes that an earlier process could not. */
  start(): void {
    this.deletes.wake();
  }

  stats(): DualWriteStats {
    const { writes, repairs, deletes, shadow } = this;
    return {
      queued: writes.queued,
      written: writes.written,
      failed: writes.failed,
      dropped: writes.dropped,
      dirty: { recorded: repairs.recorded, waiting: repairs.waits, lost: repairs.lost },
      failedDeletes: deletes.failures,
      shadow: {
        compared: shadow.compared,
        mismatched: shadow.mismatched,
        undecided: shadow.undecided,
        failed: shadow.failed,
        timedOut: shadow.timedOut,
        skipped: shadow.skipped,
      },
    };
  }

  /** Resolves when nothing is on its way to Elasticsearch, written or as a dirty row, and no read is being compared. */
  async idle(): Promise<void> {
    await keepAlive(Promise.all([this.writes.idle(), this.deletes.idle(), this.shadow.idle()]));
    await keepAlive(this.repairs.idle());
  }

  /** Waits for the queue up to its time; what is left then is a dirty row. Nothing is written any more. */
  async close(): Promise<void> {
    const { closeMillis } = this.options;
    this.modes.close();
    this.shadow.close();
    await Promise.all([this.writes.close(closeMillis), this.deletes.close(closeMillis)]);
    await this.repairs.close(closeMillis);
  }

  private rowsOf(dataType: DataType): PostgresRecords<LogRecord> {
    const known = this.rows.get(dataType) ?? new PostgresRecords(this.connections, recordKinds[dataType]);
    this.rows.set(dataType, known);
    return known;
  }

  private async markDirect(dataType: DataType, { tenantId, createdAt }: LogRecord): Promise<void> {
    const partition = { dataType, tenantId, month: createdAt.slice(0, "YYYY-MM".length) };
    if (this.markedPartitions.has(partitionKey(partition))) return;
    await markDirectWrite(this.connections.state, partition);
    this.markedPartitions.add(partitionKey(partition));
  }
}

export interface DualWriteStats {
  /** Second writes on their way now. */
  readonly queued: number;
  readonly written: number;
  /** Not taken by Elasticsearch, or not within the budget. */
  readonly failed: number;
  /** Not sent: the queue was full, or the process ended. */
  readonly dropped: number;
  readonly dirty: {
    readonly recorded: number;
    /** PostgreSQL does not take the note now. */
    readonly waiting: number;
    /** It never did. */
    readonly lost: number;
  };
  /** Rounds of requested deletes that failed; they stay requested. */
  readonly failedDeletes: number;
  readonly shadow: {
    readonly compared: number;
    readonly mismatched: number;
    /** The logs changed while they were looked at. */
    readonly undecided: number;
    readonly failed: number;
    readonly timedOut: number;
    readonly skipped: number;
  };
}

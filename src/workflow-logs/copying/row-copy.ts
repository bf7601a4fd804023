import type { Client } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import type { Pacing } from "../../engine/pacing.ts";
import type { Receipt } from "../../engine/ports.ts";
import type { InlineContents, InlinedContents } from "../offloads/inline-contents.ts";
import type { Partition } from "../partitions/log-types.ts";
import type { ElasticsearchLogs } from "../rows/elasticsearch-logs.ts";
import type { PostgresLogs, ReadOptions, RowsOf } from "../rows/postgres-logs.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import type { StateDatabase } from "../state/database.ts";

/** What copying rows of one partition takes, whichever rows they are. */
export interface RowCopy {
  readonly partition: Partition;
  /** Where its rows are read. */
  readonly rowsOf: RowsOf;
  readonly runId: string;
  readonly postgres: Pool;
  readonly state: StateDatabase;
  readonly elasticsearch: Client;
  readonly source: PostgresLogs;
  readonly target: ElasticsearchLogs;
  readonly read: ReadOptions;
  readonly pacing: Pacing;
  /** Puts offloaded contents into the documents; without it they stay where they are. */
  readonly contents?: InlineContents | undefined;
  /**
   * Resolves when the index takes documents and the partition is marked as being written to; the first call marks it.
   */
  readonly beforeWrite: () => Promise<void>;
  /** Whether it was. */
  readonly wasWritten: () => boolean;
  /**
   * What else commits with each batch, with what became of it; what it throws undoes the batch, which is then written
   * again. The same batch may come more than once.
   */
  readonly alsoCommit?: ((transaction: StateDatabase, confirmed: ConfirmedBatch) => Promise<void>) | undefined;
  readonly onConfirmed: (batch: RowBatch, receipt: CopyReceipt, rows: RowOrigin) => void;
}

export interface CopyReceipt extends Receipt {
  /** Undefined where no contents were offloaded, or they stay where they are. */
  readonly inlined: InlinedContents | undefined;
}

export interface ConfirmedBatch {
  readonly batch: RowBatch;
  readonly receipt: CopyReceipt;
  readonly rows: RowOrigin;
}

/** How rows of a batch stand to the plan: counted in it, found beside it, or copied before and written again. */
export type RowOrigin = "planned" | "late" | "known";

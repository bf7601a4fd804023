import type { Pool } from "pg";
import type { StateDatabase } from "../state/database.ts";
import { adoptDifferences, forgetDifferences } from "../state/validate/differences.ts";
import {
  findProgress,
  saveProgress,
  type ValidatedRange,
  type ValidationProgress,
} from "../state/validate/progress.ts";
import { quoteIdentifier, type Table } from "../../stores/postgres/table.ts";
import type { Listing } from "../rows/row-query.ts";
import type { CheckedBatch, RowCheck } from "./row-check.ts";

/**
 * How far the validation of one partition is; every change is stored in the transaction that stores what it rests on.
 */
export class ProgressTally {
  checked: number;
  after: ValidationProgress["after"];
  /** The last purged row whose document was looked at. */
  purgedId: string | undefined;
  /** Rows and documents have all been looked at, by this run or an earlier one. */
  isFinished: boolean;
  /** An earlier run began it, so rows that it compared may be gone since. */
  readonly isResumed: boolean;
  private range: ValidatedRange;
  private readonly check: RowCheck;

  constructor(check: RowCheck, range: ValidatedRange, earlier: ValidationProgress | undefined) {
    this.check = check;
    this.range = range;
    this.checked = earlier?.checked ?? 0;
    this.after = earlier?.after;
    this.purgedId = earlier?.purgedId;
    this.isFinished = earlier?.finished ?? false;
    this.isResumed = earlier !== undefined;
  }

  async advance(transaction: StateDatabase, batch: CheckedBatch): Promise<void> {
    await this.save(transaction, false, { checked: this.checked + batch.ids.length, after: batch.end });
  }

  async forgetRows(transaction: StateDatabase, rows: number): Promise<void> {
    await this.save(transaction, false, { checked: this.checked - rows, after: this.after });
  }

  async advancePurged(transaction: StateDatabase, id: string): Promise<void> {
    this.purgedId = id;
    await this.save(transaction, false);
  }

  /** After a repair the partition may have another index, and its progress has been deleted. */
  async finish(indexUuid: string): Promise<void> {
    this.range = { ...this.range, indexUuid };
    await this.save(this.check.state, true);
  }

  /**
   * The last statement of a transaction, which may be tried again: what it says is true here only when it has
   * succeeded.
   */
  async save(
    db: StateDatabase,
    finished: boolean,
    { checked, after }: Pick<ProgressTally, "checked" | "after"> = this,
  ): Promise<void> {
    this.isFinished = finished;
    const { purgedId, check } = this;
    await saveProgress(db, check.partition, this.range, { runId: check.runId, checked, after, finished, purgedId });
    await check.alsoCommit?.(db, checked);
    this.checked = checked;
    this.after = after;
  }
}

/**
 * Goes on with an unfinished validation of the same range of the same index, unless rows have been inserted into the
 * part that it has compared; else begins anew. The caller holds the partition's lock.
 */
export async function openTally(check: RowCheck, range: ValidatedRange, listing: Listing): Promise<ProgressTally> {
  const { state, partition, source } = check;
  const earlier = await findProgress(state, partition, range);
  const goesOn =
    earlier !== undefined &&
    (earlier.after === undefined ||
      (await keysUpTo(check.postgres, source.source.table, listing, partition.tenantId, range, earlier.after)) <=
        earlier.checked);
  const tally = new ProgressTally(check, range, goesOn ? earlier : undefined);
  await state.transaction().execute(async (transaction) => {
    if (goesOn) await adoptDifferences(transaction, check, earlier.runId);
    else await forgetDifferences(transaction, partition, { keepUnfinished: false });
    await tally.save(transaction, tally.isFinished);
  });
  return tally;
}

async function keysUpTo(
  postgres: Pool,
  table: Table,
  listing: Listing,
  tenantId: string,
  range: ValidatedRange,
  last: NonNullable<ValidationProgress["after"]>,
): Promise<number> {
  const type = (name: string): string => quoteIdentifier(table.columns.find((column) => column.name === name)!.type);
  const time = type("created_at");
  const result = await postgres.query<{ keys: string }>(
    `select count(*) as keys from ${listing.sqlName} k
      where k.tenant_id = $1::${type("tenant_id")} and k.created_at >= $2::${time} and (k.created_at, k.id) <= ($3::${time}, $4::${type("id")})`,
    [tenantId, range.from, last.createdAt, last.id],
  );
  return Number(result.rows[0]!.keys);
}

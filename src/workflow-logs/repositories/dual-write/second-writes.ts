import { AppError } from "../../../engine/errors.ts";
import type { Followed } from "./follow-rows.ts";
import type { Repairs } from "./repairs.ts";
import { type RowName, rowKey } from "./row-name.ts";
import { within } from "./within.ts";

interface Waiting extends RowName {
  /** How often another writer was at its document first. */
  conflicts: number;
  readonly onEnd: ((error: unknown) => void)[];
}

const rowsAtOnce = 200;
/**
 * A document that changes each time is one that others write: they, or the dirty rows they leave, have the last word.
 */
const mostConflicts = 5;

/** Writes rows of one data type into Elasticsearch. Never rejects. */
export type Follow = (dataType: RowName["dataType"], rows: readonly RowName[]) => Promise<Followed>;

/**
 * Rows that were written into PostgreSQL and are to be written into Elasticsearch, by name: what is written is read
 * again then, so several writes of one row are one here, and a row is never written twice at a time. What does not get
 * there becomes a dirty row.
 */
export class SecondWrites {
  written = 0;
  failed = 0;
  dropped = 0;
  private readonly follow: Follow;
  private readonly repairs: Repairs;
  private readonly capacity: number;
  private readonly queue = new Map<string, Waiting>();
  private inFlight = new Map<string, Waiting>();
  private working: Promise<void> | undefined;
  private isClosed = false;

  constructor(follow: Follow, repairs: Repairs, capacity: number) {
    this.follow = follow;
    this.repairs = repairs;
    this.capacity = capacity;
  }

  get queued(): number {
    return this.queue.size + this.inFlight.size;
  }

  /** Whether a write of the row is still on its way. */
  isPending(row: Omit<RowName, "tenantId">): boolean {
    return this.queue.has(rowKey(row)) || this.inFlight.has(rowKey(row));
  }

  hasPendingOf(tenantId: string): boolean {
    const isOfTenant = (row: RowName): boolean => row.tenantId === tenantId;
    return [...this.queue.values(), ...this.inFlight.values()].some(isOfTenant);
  }

  /** Returns at once. A full queue drops the row, which then is a dirty row. */
  add(row: RowName): void {
    this.enqueue({ ...row, conflicts: 0, onEnd: [] });
  }

  /**
   * Resolves when the document says what the row says, rejects with the reason why it does not; it is a dirty row then.
   */
  addAndWait(row: RowName): Promise<void> {
    return new Promise((resolve, reject) => {
      const onEnd = (error: unknown): void => (error === undefined ? resolve() : reject(error));
      this.enqueue({ ...row, conflicts: 0, onEnd: [onEnd] });
    });
  }

  /** Resolves when nothing is queued. */
  async idle(): Promise<void> {
    while (this.working !== undefined) await this.working;
  }

  /** Afterwards everything is written, or a dirty row because the deadline came. */
  async close(deadlineMillis: number): Promise<void> {
    await within(deadlineMillis, this.idle());
    this.isClosed = true;
    const left = [...this.inFlight.values(), ...this.queue.values()];
    this.queue.clear();
    this.inFlight.clear();
    for (const row of left) this.drop(row);
  }

  private enqueue(row: Waiting): void {
    const known = this.queue.get(rowKey(row));
    if (known !== undefined) known.onEnd.push(...row.onEnd);
    else if (this.isClosed || this.queued >= this.capacity) this.drop(row);
    else this.queue.set(rowKey(row), row);
    this.start();
  }

  private start(): void {
    if (this.queue.size === 0) return;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      this.start(); // one may have come just as the work ended
    });
  }

  private drop(row: Waiting): void {
    this.dropped++;
    this.end(row, dropped(row));
  }

  private end(row: Waiting, error?: unknown): void {
    if (error !== undefined) this.repairs.add([{ dataType: row.dataType, tenantId: row.tenantId, id: row.id }]);
    for (const onEnd of row.onEnd) onEnd(error);
  }

  private async work(): Promise<void> {
    await Promise.resolve(); // whoever added the first row goes on first
    while (this.queue.size > 0) {
      const rows = this.takeSome();
      const followed = await this.follow(rows[0]!.dataType, rows);
      if (this.isClosed) return; // they are dirty rows already
      this.inFlight.clear();
      this.settle(rows, followed);
    }
  }

  /** The oldest, and others of the same data type. */
  private takeSome(): Waiting[] {
    const rows: Waiting[] = [];
    for (const [key, row] of this.queue) {
      if (rows.length === rowsAtOnce) break;
      if (rows.length > 0 && row.dataType !== rows[0]!.dataType) continue;
      rows.push(row);
      this.queue.delete(key);
      this.inFlight.set(key, row);
    }
    return rows;
  }

  private settle(rows: readonly Waiting[], { failed, again, touched }: Followed): void {
    const conflicting = new Set(again.map(rowKey));
    for (const row of rows) {
      const key = rowKey(row);
      if (conflicting.has(key) && row.conflicts < mostConflicts) this.enqueue({ ...row, conflicts: row.conflicts + 1 });
      else if (conflicting.has(key) || failed.has(key)) {
        this.failed++;
        this.end(row, failed.get(key) ?? conflict(row));
      } else {
        this.written++;
        this.end(row);
      }
    }
    for (const row of touched) this.add(row);
  }
}

const repaired = "Nothing is lost: it is a dirty row, which app elasticsearch apply-dirty writes.";

function dropped({ id }: RowName): AppError {
  return new AppError("second_write_dropped", `${id} is in PostgreSQL and was not sent to Elasticsearch.`, {
    hint: repaired,
  });
}

function conflict({ id }: RowName): AppError {
  return new AppError("save_conflict", `The document of ${id} was changed by others while it was written.`, {
    hint: repaired,
  });
}

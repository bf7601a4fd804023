import type { Receipt, Sink } from "../../engine/ports.ts";
import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { readSources } from "../../stores/elasticsearch/documents/mget-sources.ts";
import { dirtyIds } from "../state/dirty/dirty-rows.ts";
import { compareDocuments } from "../compare/compare-documents.ts";
import type { Connections } from "../connections.ts";
import type { Partition } from "../partitions/log-types.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import { type AtStep, type ComparedRow, type DeleteEnd } from "./delete-rows.ts";
import type { Gate } from "./gates.ts";
import type { DeletePace } from "./delete-pace.ts";
import { parseNote, type PurgeNote } from "./purge-note.ts";
import type { CleanupCounters, KeepReason } from "./report.ts";

export interface PurgeRoute {
  readonly connections: Connections;
  readonly partition: Partition;
  /** The index that rows are compared with; undefined where retention has dropped it. */
  readonly index: string | undefined;
  readonly counters: CleanupCounters;
  readonly pace: DeletePace;
  /** Reads rows by their ids once more, as the batches of the source were read. */
  readonly reread: (ids: readonly string[], signal: AbortSignal) => AsyncIterable<RowBatch>;
  /** Deletes rows found equal, or for a dry run remembers them as deleted. */
  readonly remove: (rows: readonly ComparedRow[]) => Promise<DeleteEnd>;
  readonly dryRun: boolean;
  /** Looks at the gate again. */
  readonly gate: () => Promise<Gate>;
  readonly atStep: AtStep;
}

/** Rows that the rules let go, to be compared and deleted in one transaction. */
interface Candidates {
  readonly body: BulkBody;
  readonly at: readonly number[];
  readonly notes: readonly PurgeNote[];
}

interface Tries {
  readonly changes: number;
  readonly waits: number;
}

/** How often rows that change meanwhile are read, compared and tried once more, each time fewer together. */
const mostChanges = 5;
/** How often rows that others hold locks on are, each time later. */
const mostWaits = 5;
/** A replica may be lost, an index closed or dropped while a large partition is purged. */
const gateMillis = 30_000;

/**
 * Deletes from PostgreSQL the rows of each batch whose documents hold the very same, and counts why it keeps the
 * others. Nothing it does has to be undone: what was deleted was compared, and a batch that comes twice finds nothing
 * to delete.
 */
export class PurgeSink implements Sink<RowBatch> {
  private readonly route: PurgeRoute;
  private gateKnownUntil = performance.now() + gateMillis;
  private closed: KeepReason | undefined;

  constructor(route: PurgeRoute) {
    this.route = route;
  }

  async write(batch: RowBatch, signal: AbortSignal): Promise<Receipt> {
    await this.route.atStep("read");
    return { written: await this.purge(batch, { changes: 0, waits: 0 }, signal), refused: [] };
  }

  /** Returns how many were deleted. */
  private async purge(batch: RowBatch, tries: Tries, signal: AbortSignal): Promise<number> {
    const { pace, counters, partition } = this.route;
    const notes = batch.notes.map(parseNote);
    const at: number[] = [];
    for (const [position, { reason, bytes, heldBy }] of notes.entries()) {
      if (reason === null) at.push(position);
      else counters.kept(partition.dataType, reason, 1, bytes);
      if (heldBy !== undefined) counters.heldBy(heldBy);
    }
    let deleted = 0;
    for (let from = 0; from < at.length;) {
      await pace.ready(signal);
      const part = at.slice(from, from + pace.rows);
      from += part.length;
      const closed = await this.closedGate();
      if (closed === undefined)
        deleted += await this.purgeTogether({ body: batch.body, at: part, notes }, tries, signal);
      else counters.kept(partition.dataType, closed, part.length, bytesOf(part.map((position) => notes[position]!)));
    }
    return deleted;
  }

  private async purgeTogether(candidates: Candidates, tries: Tries, signal: AbortSignal): Promise<number> {
    const { counters, partition, remove, pace, dryRun } = this.route;
    const rows = await this.compared(candidates);
    await this.route.atStep("compared");
    if (rows.length === 0) return 0;
    await pace.rested(signal); // it rests while the next rows are compared
    const started = performance.now();
    const end = await remove(rows);
    if (end === "deleted") {
      pace.deleted(rows.length, dryRun ? 0 : performance.now() - started);
      const offloadRows = rows.reduce((sum, { offloads }) => sum + (offloads?.length ?? 0), 0);
      counters.passed(partition.dataType, { rows: rows.length, bytes: bytesOf(rows), offloadRows }, !dryRun);
      return rows.length;
    }
    const next = end === "changed" ? { ...tries, changes: tries.changes + 1 } : { ...tries, waits: tries.waits + 1 };
    if (next.changes > mostChanges || next.waits > mostWaits) {
      counters.kept(partition.dataType, end, rows.length, bytesOf(rows));
      return 0;
    }
    pace.fewer(rows.length);
    if (end === "locked") await pace.backOff(next.waits, signal);
    const ids = rows.map(({ id }) => id);
    let deleted = 0;
    for await (const batch of this.route.reread(ids, signal)) deleted += await this.purge(batch, next, signal);
    return deleted;
  }

  /** Those whose document is the same; the others are counted as kept. */
  private async compared({ body, at, notes }: Candidates): Promise<ComparedRow[]> {
    const { connections, index, counters, partition } = this.route;
    const rows = at.map((position) => ({ ...notes[position]!, id: body.id(position) }));
    const settled = await this.withoutNotes(rows);
    if (index === undefined) return settled.map((row) => ({ ...row, document: undefined }));
    const part = {
      records: at.length,
      id: (number: number) => body.id(at[number]!),
      document: (number: number) => body.document(at[number]!),
    };
    const sources = await readSources(
      connections.elasticsearch,
      index,
      rows.map(({ id }) => id),
    );
    const isSettled = new Set(settled.map(({ id }) => id));
    const differences = compareDocuments({ body: part }, sources).filter(({ id }) => isSettled.has(id));
    const sizes = new Map(rows.map(({ id, bytes }) => [id, bytes]));
    for (const { id, kind } of differences) counters.kept(partition.dataType, kind, 1, sizes.get(id));
    const unequal = new Set(differences.map(({ id }) => id));
    return settled.filter(({ id }) => !unequal.has(id)).map((row) => ({ ...row, document: sources.get(row.id) }));
  }

  /**
   * Those of which no note waits to be applied: it may speak of another document of the row, in a month that the row
   * has left, and nothing would say so any more when the row is gone. Asked after the rows were read: a write that came
   * behind has changed the row, and that keeps it.
   */
  private async withoutNotes<R extends { readonly id: string; readonly bytes: number }>(
    rows: readonly R[],
  ): Promise<R[]> {
    const { connections, counters, partition } = this.route;
    const ids = rows.map(({ id }) => id);
    const waiting = await dirtyIds(connections.state, partition.dataType, ids);
    const kept = rows.filter(({ id }) => waiting.has(id));
    counters.kept(partition.dataType, "dirty", kept.length, bytesOf(kept));
    return rows.filter(({ id }) => !waiting.has(id));
  }

  private async closedGate(): Promise<KeepReason | undefined> {
    if (this.closed !== undefined || performance.now() < this.gateKnownUntil) return this.closed;
    this.closed = (await this.route.gate()).kept;
    this.gateKnownUntil = performance.now() + gateMillis;
    return this.closed;
  }
}

function bytesOf(rows: readonly { readonly bytes: number }[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What became of documents of one table; the first is the sum of the others. */
export interface RowCounts {
  documents: number;
  /** Inserted; in a dry run, those that would be. */
  restored: number;
  /** There already, and equal. */
  present: number;
  /** There already with other content, and left as they are. */
  different: number;
  /** Left out: the platform itself deleted them. */
  deleted: number;
  /** Not inserted, for the reason that their finding gives. */
  refused: number;
}

export type Fate = Exclude<keyof RowCounts, "documents">;

/** One row that could not be restored, or that is another in PostgreSQL than in its document. */
export interface RestoreFinding {
  readonly table: string;
  readonly id: string;
  /**
   * `lost`: it was purged, and its document is gone. `accepted`: it was brought back though nothing proves its
   * document.
   */
  readonly kind: "different" | "refused" | "lost" | "accepted";
  readonly columns: readonly string[];
  readonly reason: string;
}

/** What became of the documents of a batch or of a partition. */
export class Outcome {
  readonly counts: Record<string, RowCounts>;
  readonly findings: RestoreFinding[] = [];

  constructor(counts: Record<string, RowCounts> = {}) {
    this.counts = counts;
  }

  add(table: string, fate: Fate, rows = 1): void {
    const counts = (this.counts[table] ??= {
      documents: 0,
      restored: 0,
      present: 0,
      different: 0,
      deleted: 0,
      refused: 0,
    });
    counts.documents += rows;
    counts[fate] += rows;
  }

  refuse(table: string, id: string, reason: string): void {
    this.add(table, "refused");
    this.findings.push({ table, id, kind: "refused", columns: [], reason });
  }

  /** What becomes of it is counted by itself. */
  accept(table: string, id: string, reason: string): void {
    this.findings.push({ table, id, kind: "accepted", columns: [], reason });
  }

  differs(table: string, id: string, columns: readonly string[]): void {
    this.add(table, "different");
    this.findings.push({
      table,
      id,
      kind: "different",
      columns,
      reason: "the row has other content; it was left as it is",
    });
  }

  join(other: Outcome): void {
    this.addCounts(other.counts);
    this.findings.push(...other.findings);
  }

  addCounts(counts: Readonly<Record<string, RowCounts>>): void {
    for (const [table, { documents: _, ...fates }] of Object.entries(counts)) {
      for (const [fate, rows] of Object.entries(fates)) this.add(table, fate as Fate, rows);
    }
  }
}

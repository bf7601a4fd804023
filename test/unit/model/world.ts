/** The rules that keep the archive true, each to be switched off by itself. */
export const rules = {
  /**
   * A document is written, and deleted, at the version of the snapshot in which its row was read: an older one never
   * replaces a newer one.
   */
  snapshotOrder: true,
  /** A row is written only into the partition that it belongs to when it is read. */
  ownPartition: true,
  /** A row is not purged while a note of it waits. */
  notesBeforePurge: true,
  /** Compaction keeps the newest note of a record, whatever it says. */
  newestNoteStays: true,
  /** A note of a deletion is the platform's own, also of an id that was purged once. */
  deletionsAreThePlatforms: true,
  /** Restore leaves out rows whose last note, or last applied note, is a deletion. */
  deletedStaysDeleted: true,
  /** The place where a row was purged is one where its document lies; only from there it is restored. */
  oneDocument: true,
  /** A document is removed for a note only while that note waits. */
  settledNotesAreSilent: true,
  /**
   * What was not done because its note was gone settles no other note: a compaction may have taken the newest of those
   * that were read.
   */
  passedOverNotesStay: true,
};
export type Rules = Readonly<typeof rules>;

export type Operation = "I" | "U" | "D" | "T";

export interface Note {
  readonly version: number;
  readonly id: number;
  readonly operation: Operation;
  readonly oldMonth?: number | undefined;
}

/** A version of a row: every write makes another object, as it makes another xmin. */
export interface Row {
  readonly month: number;
  readonly content: string;
}

export interface Bulk {
  readonly month: number;
  readonly id: number;
  readonly content: string;
  readonly version: number;
}

/**
 * Rows, notes, documents, journals, locks and what the network holds. Every method is one transaction or one request.
 */
export class World {
  readonly rules: Rules;
  readonly rows = new Map<number, Row>();
  notes: Note[] = [];
  readonly documents = new Map<string, { readonly content: string | undefined; readonly version: number }>();
  readonly purged = new Map<number, number>();
  readonly kept = new Map<number, number>();
  readonly locks = new Map<number, number>();
  readonly late: Bulk[] = [];
  /** What the platform committed last of each id; undefined where that was a deletion. */
  readonly truth = new Map<number, Row | undefined>();
  /** Transactions that a snapshot taken now sees. */
  commits = 0;
  private written = 0;
  private noted = 0;

  constructor(which: Rules) {
    this.rules = which;
  }

  /** The platform saves, changes, moves or deletes a row, or changes what travels in its document. */
  platform(what: "save" | "change" | "move" | "delete" | "touch", id: number, month: number): void {
    const row = this.rows.get(id);
    const isNew = row === undefined;
    if (isNew !== (what === "save")) return;
    const content = `${what} ${++this.written}`;
    if (what === "delete") {
      this.rows.delete(id);
      this.truth.set(id, undefined);
    } else {
      const next: Row = { month: what === "save" || what === "move" ? month : row!.month, content };
      this.rows.set(id, next);
      this.truth.set(id, next);
    }
    this.note(id, isNew ? "I" : what === "delete" ? "D" : what === "touch" ? "T" : "U", row?.month);
    this.commits++;
  }

  private note(id: number, operation: Operation, month: number | undefined): void {
    const oldMonth = operation === "U" || operation === "D" ? month : undefined;
    this.notes.push({ version: ++this.noted, id, operation, oldMonth });
  }

  isWaiting(id: number): boolean {
    return this.notes.some((note) => note.id === id);
  }

  lastWord(id: number): Operation | undefined {
    return this.notes.findLast((note) => note.id === id && note.operation !== "T")?.operation;
  }

  settle(versions: readonly number[]): void {
    this.notes = this.notes.filter(({ version }) => !versions.includes(version));
    this.commits++;
  }

  compact(): void {
    const { newestNoteStays } = this.rules;
    this.notes = this.notes.filter((note) => {
      const newer = this.notes.filter(({ id, version }) => id === note.id && version > note.version);
      const all = this.notes.filter(({ id }) => id === note.id);
      if (newer.length === 0 && (newestNoteStays || all.length === 1)) return true;
      if (note.operation !== "T" && newer.every(({ operation }) => operation === "T")) return true;
      return note.oldMonth !== undefined && newer.every(({ oldMonth }) => oldMonth !== note.oldMonth);
    });
    this.commits++;
  }

  tryLock(month: number, owner: number): boolean {
    if (this.locks.has(month)) return false;
    this.locks.set(month, owner);
    return true;
  }

  unlock(month: number): void {
    this.locks.delete(month);
  }

  documentOf(month: number, id: number): string | undefined {
    return this.documents.get(`${month}/${id}`)?.content;
  }

  /** Writes a document, or with content undefined deletes it; false when the index has it at a higher version. */
  put({ month, id, version }: Omit<Bulk, "content">, content: string | undefined): boolean {
    const key = `${month}/${id}`;
    const there = this.documents.get(key);
    if (this.rules.snapshotOrder && there !== undefined && there.version > version) return false;
    this.documents.set(key, { content, version });
    return true;
  }

  /** Deletes exactly this version of a row and writes the journal. */
  purge(id: number, row: Row): void {
    if (this.rows.get(id) !== row) return;
    this.rows.delete(id);
    this.purged.set(id, row.month);
    this.kept.delete(id);
    this.commits++;
  }

  /** Inserts an archived row that is missing. */
  restore(id: number, row: Row): void {
    const isDeleted = this.kept.has(id) || this.lastWord(id) === "D";
    const home = this.purged.get(id);
    if (this.rows.has(id) || (this.rules.deletedStaysDeleted && isDeleted)) return;
    if (this.rules.oneDocument && home !== undefined && home !== row.month) return;
    this.rows.set(id, row);
    this.purged.delete(id);
    this.kept.delete(id);
    this.commits++;
  }
}

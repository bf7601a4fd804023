import type { DirtyRecord, Place } from "./dirty-records.ts";
import type { DropReason } from "../dirty-report.ts";

/** What is to be done for one record; its entries are settled when all of it is done. */
export interface PlannedRecord {
  readonly record: DirtyRecord;
  readonly isGone: boolean;
  /** Where the row is, to be written there. */
  readonly write?: Place;
  /** The row is there and no index can be named after its tenant or month. */
  readonly isUnarchivable?: boolean;
  /** Documents that are to go, because the row is elsewhere or, with `isDeletion`, nowhere. */
  readonly remove: readonly Place[];
  readonly isDeletion: boolean;
  /** The document that is kept though the row was deleted. */
  readonly keep?: Place | undefined;
  readonly dropped?: DropReason;
}

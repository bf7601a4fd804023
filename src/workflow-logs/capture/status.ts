import { inspectCapture } from "./capture-triggers.ts";
import { countWaiting, readCapture, type WaitingRows } from "../state/capture.ts";
import { appliedMigrations } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { capturedTables } from "./captured-tables.ts";

type Database = Pick<Connections, "postgres" | "state">;

export interface CaptureState {
  /** Every write into every log table is recorded. */
  readonly installed: boolean;
  readonly installedAt: string | null;
  /** How often a write could not be recorded since capture was installed. */
  readonly gaps: number;
  /** Nothing is proven any more, as the next run will put down. */
  readonly hasNewGap: boolean;
  readonly tables: readonly {
    readonly name: string;
    /** `outdated`: recorded by a function of another version of this program. */
    readonly state: "captured" | "outdated" | "missing";
  }[];
}

export interface CaptureStatus extends CaptureState {
  /** Writes that wait to be copied; one row may have several. */
  readonly dirtyRows: number;
  /**
   * The same by data type and operation: I, U, D, and T where something was written that travels in the row's document.
   */
  readonly byDataType: WaitingRows["byDataType"];
  readonly oldestSeconds: number | null;
}

const migration = "0006_capture";

/** Looks at the tables themselves, for a platform's upgrade may have made one anew. Writes nothing. */
export async function captureState({ postgres, state }: Database): Promise<CaptureState> {
  const tables: CaptureState["tables"][number][] = [];
  for (const captured of await capturedTables(postgres)) {
    const { isFiring, isCurrent } = await inspectCapture(postgres, captured);
    tables.push({ name: captured.table.name, state: !isFiring ? "missing" : isCurrent ? "captured" : "outdated" });
  }
  const notInstalled = { installedAt: null, gaps: 0, hasNewGap: false };
  const record = (await hasTables({ state })) ? await readCapture(state) : notInstalled;
  const installed = record.installedAt !== null && tables.every((table) => table.state !== "missing");
  return { installed, ...record, tables };
}

/** The same, and what waits, which reads the whole registry. */
export async function captureStatus(database: Database): Promise<CaptureStatus> {
  const nothing = { total: 0, byDataType: {}, oldestSeconds: null };
  const waiting = (await hasTables(database)) ? await countWaiting(database.state) : nothing;
  const { total, byDataType, oldestSeconds } = waiting;
  return { ...(await captureState(database)), dirtyRows: total, byDataType, oldestSeconds };
}

async function hasTables({ state }: Pick<Database, "state">): Promise<boolean> {
  return (await appliedMigrations(state)).includes(migration);
}

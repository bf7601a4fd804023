import { inspectCapture } from "../../stores/postgres/capture/capture-triggers.ts";
import { countWaiting, readCapture, type WaitingRows } from "../../stores/postgres/state/capture.ts";
import { appliedMigrations } from "../../stores/postgres/state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { capturedTables } from "./captured-tables.ts";

export interface CaptureStatus {
  /** Every write into every log table is recorded. */
  readonly installed: boolean;
  readonly installedAt: string | null;
  readonly tables: readonly {
    readonly name: string;
    /** `outdated`: recorded by a function of another version of this program. */
    readonly state: "captured" | "outdated" | "missing";
  }[];
  readonly dirtyRows: number;
  readonly byDataType: WaitingRows["byDataType"];
  readonly oldestSeconds: number | null;
  /** How often a write could not be recorded since capture was installed. */
  readonly gaps: number;
}

const migration = "0006_capture";

/** Looks at the tables themselves: a platform's upgrade may have made one anew. Writes nothing. */
export async function captureStatus({
  postgres,
  state,
}: Pick<Connections, "postgres" | "state">): Promise<CaptureStatus> {
  const tables: CaptureStatus["tables"][number][] = [];
  for (const captured of await capturedTables(postgres)) {
    const { isFiring, isCurrent } = await inspectCapture(postgres, captured);
    tables.push({ name: captured.table.name, state: !isFiring ? "missing" : isCurrent ? "captured" : "outdated" });
  }
  const hasState = (await appliedMigrations(state)).includes(migration);
  const { installedAt, gaps } = hasState ? await readCapture(state) : { installedAt: null, gaps: 0 };
  const { total, byDataType, oldestSeconds } = hasState
    ? await countWaiting(state)
    : { total: 0, byDataType: {}, oldestSeconds: null };
  const installed = installedAt !== null && tables.every((table) => table.state !== "missing");
  return { installed, installedAt, tables, dirtyRows: total, byDataType, oldestSeconds, gaps };
}

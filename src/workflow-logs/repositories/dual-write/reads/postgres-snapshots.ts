import type { Connections } from "../../../connections.ts";
import type { StateDatabase } from "../../../state/database.ts";
import { Semaphore } from "../../../../engine/semaphore.ts";

/** Reads of several statements that all see PostgreSQL as it was at one moment. */
export class PostgresSnapshots {
  private readonly state: StateDatabase;
  private readonly slots: Semaphore;

  constructor({ state, postgres }: Pick<Connections, "state" | "postgres">) {
    this.state = state;
    // a reader may need a second connection to look at a table's columns: if snapshots had them all, each would wait
    // for the others for ever
    this.slots = new Semaphore(Math.max(1, Math.floor(postgres.options.max / 2)));
  }

  take<T>(work: (state: StateDatabase) => Promise<T>): Promise<T> {
    return this.slots.take(() =>
      this.state.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(work),
    );
  }
}

import { archivedTenants } from "../state/archived-tenants.ts";
import type { StateDatabase } from "../state/database.ts";
import { PostgresRunStore } from "../../stores/postgres/run-store.ts";

/** Which tenants the archive is for: those that have logs in it, those named, all once all were migrated. */
export class ArchivedTenants {
  private readonly state: StateDatabase;
  private readonly runId: string;
  private readonly known: Set<string>;

  constructor(state: StateDatabase, runId: string, named: readonly string[]) {
    this.state = state;
    this.runId = runId;
    this.known = new Set(named);
  }

  /**
   * The tenants that the archive has nothing of. Call after the entries that speak of them were read: when no migration
   * is at work then, they can be forgotten, for one that begins later lists the rows themselves.
   */
  async others(tenantIds: Iterable<string>): Promise<{ others: ReadonlySet<string>; canForget: boolean }> {
    const asked = [...new Set(tenantIds)].filter((id) => !this.known.has(id));
    if (asked.length === 0) return { others: new Set(), canForget: true };
    // first: one that ends meanwhile leaves its partitions
    const canForget = !(await new PostgresRunStore(this.state).isAtWork(["elasticsearch migrate"], this.runId));
    for (const id of await archivedTenants(this.state, asked)) this.known.add(id);
    return { others: new Set(asked.filter((id) => !this.known.has(id))), canForget };
  }
}

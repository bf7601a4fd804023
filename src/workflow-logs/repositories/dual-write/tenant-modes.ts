import type { StateDatabase, WriteMode } from "../../state/database.ts";
import { defaultModes, listRollouts, type RolloutModes } from "../../state/rollouts.ts";

type Modes = ReadonlyMap<string, RolloutModes>;

/** Where each tenant is written and read, looked up for all of them once a second while the process asks. */
export class TenantModes {
  private readonly state: StateDatabase;
  private readonly pollMillis: number;
  private known: Promise<Modes> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly listeners = new Set<(modes: Modes) => void>();

  constructor(state: StateDatabase, pollMillis: number) {
    this.state = state;
    this.pollMillis = pollMillis;
  }

  async of(tenantId: string): Promise<RolloutModes> {
    return (await this.all()).get(tenantId) ?? defaultModes;
  }

  /** Of the tenants that somebody has decided about. Rejects when they could never be read. */
  async all(): Promise<Modes> {
    this.known ??= this.read();
    try {
      const modes = await this.known;
      if (!this.isClosed) this.timer ??= setInterval(() => void this.readAgain(), this.pollMillis).unref();
      return modes;
    } catch (error) {
      this.known = undefined;
      throw error;
    }
  }

  /**
   * A signal that is aborted when the tenant is written elsewhere than in `write`; call `end` when it is of no use any
   * more.
   */
  untilWrittenElsewhere(tenantId: string, write: WriteMode): { readonly signal: AbortSignal; end(): void } {
    const changed = new AbortController();
    const look = (modes: Modes): void => {
      if ((modes.get(tenantId) ?? defaultModes).write !== write) changed.abort();
    };
    this.listeners.add(look);
    return { signal: changed.signal, end: () => void this.listeners.delete(look) };
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  private async readAgain(): Promise<void> {
    try {
      const modes = await this.read();
      this.known = Promise.resolve(modes);
      for (const look of this.listeners) look(modes);
    } catch {
      // PostgreSQL is away: what was decided last holds until it is back
    }
  }

  private async read(): Promise<Modes> {
    return new Map((await listRollouts(this.state)).map(({ tenantId, write, read }) => [tenantId, { write, read }]));
  }
}

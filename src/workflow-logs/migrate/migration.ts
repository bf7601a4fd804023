import type { RunWatch } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import type { MigrateOptions } from "../copying/options.ts";
import type { MigrateCounters } from "../copying/report.ts";
import type { DirtyCounters } from "../dirty/dirty-counters.ts";

/** One migrate: what it works with, and what it counts. */
export interface Migration {
  readonly connections: Connections;
  readonly options: MigrateOptions;
  readonly counters: MigrateCounters;
  readonly dirty: DirtyCounters;
  readonly watch: RunWatch;
}

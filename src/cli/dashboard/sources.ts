import type { AskedHome } from "../../runs/all-homes.ts";
import type { Connections } from "../../workflow-logs/connections.ts";
import type { Database } from "../wiring.ts";

/** Where the page's answers come from: the same stores that the commands use. */
export interface Sources {
  readonly database: Database;
  /** Both stores. Throws UsageError where Elasticsearch is not configured. */
  readonly archive: () => Connections;
  /** Undefined where Elasticsearch is not configured. */
  readonly connections: Connections | undefined;
  readonly homes: readonly AskedHome[];
  /** The file of the pipelines without a PostgreSQL, which need not exist. */
  readonly stateFile: string;
}

import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import { freeConnections } from "../../stores/postgres/connection/free-connections.ts";
import { rangeIndexesOn } from "../../stores/postgres/table.ts";
import { captureState } from "../capture/status.ts";
import { howToSaveScans } from "../migrate/listing/how-to-save-scans.ts";
import { pendingMigrations } from "../state/upgrade.ts";
import { offloadTable } from "../partitions/log-types.ts";
import { type Check, fail, type Finding, type Inspection, ok, warn } from "./finding.ts";

const oldestMajor = 13;

export const postgresVersion: Check = async ({ connections }) => {
  const result = await connections.postgres.query<{ number: string; text: string }>(
    "select current_setting('server_version_num') as number, current_setting('server_version') as text",
  );
  const { number, text } = result.rows[0]!;
  const major = Math.floor(Number(number) / 10_000);
  if (major >= oldestMajor) return [ok("postgres version", `PostgreSQL ${text}`)];
  return [
    fail(
      "postgres version",
      `PostgreSQL ${text} is older than ${oldestMajor}.`,
      `Upgrade the server to PostgreSQL ${oldestMajor} or newer.`,
    ),
  ];
};

/**
 * A run has one for its locks, and up to five for its pages, transactions and controls; fewer would make it wait for
 * itself.
 */
const neededConnections = 6;

export const postgresConnections: Check = async ({ connections }) => {
  const free = await freeConnections(connections.postgres, connections.postgres.totalCount);
  if (free === undefined || free >= neededConnections) return [ok("postgres connections", "enough")];
  return [
    fail(
      "postgres connections",
      `The role may have only ${Math.max(free, 0)} connections open beside those of others, and a run needs ${neededConnections}.`,
      "Raise it: ALTER ROLE ... CONNECTION LIMIT, ALTER DATABASE ... CONNECTION LIMIT, or max_connections.",
    ),
  ];
};

/** Such a database keeps whatever bytes it is sent. */
export const databaseEncoding: Check = async ({ sources }) => {
  if (!sources.some(({ table }) => table.textIsUnchecked)) return [];
  return [
    warn(
      "database encoding",
      "The database has the encoding SQL_ASCII: its texts are bytes of any encoding.",
      "Rows with bytes that are no UTF-8 become record errors (text_without_encoding) and stay in PostgreSQL; all others are archived exactly.",
    ),
  ];
};

export const stateSchema: Check = async ({ connections }) => {
  const pending = await pendingMigrations(connections.state);
  if (pending.length === 0) return [ok("state schema", "up to date")];
  return [ok("state schema", `${pending.join(", ")} will be applied by the next migrate or by app db upgrade`)];
};

/** The index that would make the key table unnecessary. */
export const servingIndexes: Check = async ({ sources }) =>
  sources.map(({ table, hasServingIndex }) => {
    const check = `index of ${table.name}`;
    if (hasServingIndex) return ok(check, "serves the order of copying");
    const hint = `To read an index instead: CREATE INDEX CONCURRENTLY ON ${table.sqlName} (tenant_id, created_at, id);`;
    return warn(check, `No index serves (tenant_id, created_at, id): the keys of new rows are copied first.`, hint);
  });

/**
 * By what a later migrate finds rows that are new, and the statement that makes it find them without reading the tables
 * whole.
 */
export const newRows: Check = async ({ connections, sources }) => {
  const isCaptured = (await captureState(connections)).installed;
  return sources.map(({ table }) => {
    const check = `new rows of ${table.name}`;
    if (isCaptured) return ok(check, "are noted by capture");
    if (rangeIndexesOn(table, "created_at").length > 0) return ok(check, "are found by an index on created_at");
    const message = `Neither capture nor an index on created_at tells them: each migrate reads ${table.name} from end to end.`;
    return warn(check, message, howToSaveScans(table.sqlName));
  });
};

export const clocks: Check = async ({ connections }) => {
  const before = Date.now();
  const result = await connections.postgres.query<{ millis: string }>(
    "select (extract(epoch from clock_timestamp()) * 1000)::bigint as millis",
  );
  const here = (before + Date.now()) / 2;
  const seconds = Math.abs(Number(result.rows[0]!.millis) - here) / 1000;
  if (seconds < 5) return [ok("clock", "PostgreSQL and this machine agree")];
  return [
    warn(
      "clock",
      `The clocks of PostgreSQL and this machine differ by ${Math.round(seconds)} s.`,
      "Synchronise both: retention and ages are reckoned by them.",
    ),
  ];
};

/**
 * App logs get created_at from the database's default, runs from the application: where their zones differ, a log lies
 * whole hours beside its run.
 */
export const timeZones: Check = async ({ connections, sources }) => {
  if (!["workflow_runs", "workflow_app_logs"].every((name) => sources.some(({ table }) => table.name === name)))
    return [];
  const result = await connections.postgres.query<{ hours: string | null }>(
    `select round(percentile_cont(0.5) within group (order by extract(epoch from l.created_at - r.created_at)) / 3600) as hours
       from (select workflow_run_id, created_at from workflow_app_logs where isfinite(created_at) order by id desc limit 500) l
       join workflow_runs r on r.id = l.workflow_run_id where isfinite(r.created_at)`,
  );
  const hours = Number(result.rows[0]?.hours ?? 0);
  if (hours === 0) return [ok("time zone", "app logs and runs keep the same time")];
  return [
    warn(
      "time zone",
      `App logs are about ${hours} h beside their runs: their created_at is in another zone.`,
      "Set SOURCE_TIME_ZONE if all tables keep local time; else months of app logs are off by those hours.",
    ),
  ];
};

/** Offload rows travel inside their node execution; without one nothing carries them. */
export async function orphanOffloads({ connections, sources }: Inspection, signal: AbortSignal): Promise<Finding[]> {
  const nodes = sources.find(({ logType }) => logType.hasOffloads);
  if (nodes?.layout.offloadsField === undefined) return [];
  const { sqlName } = nodes.table;
  const result = await cancellable(connections.postgres, signal, (client) =>
    client.query<{ orphans: string }>(
      `select count(*) as orphans from ${offloadTable} o where not exists (select from ${sqlName} t where t.id = o.node_execution_id)`,
    ),
  );
  const orphans = Number(result.rows[0]!.orphans);
  if (orphans === 0) return [ok("offload rows", "each belongs to a node execution")];
  return [
    warn(
      "offload rows",
      `${orphans} offload rows belong to no node execution.`,
      "They are not archived and stay in PostgreSQL; the platform treats them as garbage.",
    ),
  ];
}

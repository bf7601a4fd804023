import { AppError } from "../../engine/errors.ts";
import { clusterInfo } from "../../stores/elasticsearch/cluster.ts";
import type { Connections } from "../connections.ts";
import { dryRun } from "../migrate/dry-run.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { requiredBlobs } from "../offloads/required-blobs.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import {
  columnDrift,
  deletePrivilege,
  diskSpace,
  elasticsearchHealth,
  retention,
  shardBudget,
  templates,
} from "./elasticsearch-checks.ts";
import { areQuickToRead } from "../partitions/estimates.ts";
import { type Check, fail, type Finding, type Inspection, ok, type PlanCheck, warn } from "./finding.ts";
import { archiveIdentity, onlyCopiesThere } from "./archive-check.ts";
import { type ArchiveCommand } from "./command-needs.ts";
import { privileges } from "./privilege-checks.ts";
import { freeableSpace } from "./freeable-check.ts";
import { ownReferences } from "./references-check.ts";
import { hiddenRows } from "./hidden-rows-check.ts";
import { sourceSchema } from "./schema-check.ts";
import { fileStorage } from "./storage-check.ts";
import {
  clocks,
  databaseEncoding,
  newRows,
  orphanOffloads,
  postgresConnections,
  postgresVersion,
  servingIndexes,
  stateSchema,
  timeZones,
} from "./postgres-checks.ts";

// src/workflow-logs/preflight looks whether both stores let us do what we are about to do: one small function for
// each check. It changes nothing.

/** Without these nothing works; commands run them too before they write anything. */
const accessChecks: readonly Check[] = [
  postgresVersion,
  sourceSchema,
  hiddenRows,
  postgresConnections,
  stateSchema,
  elasticsearchHealth,
  fileStorage,
];
const sourceChecks: readonly Check[] = [
  databaseEncoding,
  deletePrivilege,
  templates,
  onlyCopiesThere,
  clocks,
  timeZones,
  columnDrift,
  newRows,
  servingIndexes,
];
const planChecks: readonly PlanCheck[] = [shardBudget, diskSpace, retention];

/**
 * Looks at everything that a command needs, for migrate with these options also at what it would meet, and writes
 * nothing. All privileges that are missing are listed at once. Throws AppError when a server cannot be reached.
 *
 * @example
 * ```ts
 * import { dataTypes, migrateDefaults, openArchive, parseConfig, preflight } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const options = { ...migrateDefaults, scope: { dataTypes, tenantIds: [] } };
 * const findings = await preflight(archive.connections, options, new AbortController().signal);
 * console.log(findings.filter(({ level }) => level !== "ok"));
 * await archive.close();
 * ```
 */
export async function preflight(
  connections: Connections,
  options: MigrateOptions,
  signal: AbortSignal,
  command: ArchiveCommand = "migrate",
  exact = false,
): Promise<Finding[]> {
  const findings = await privileges(connections, command);
  // then the others would fail for the same reason
  const isDenied = (): boolean => findings.some(({ level }) => level === "fail");
  if (isDenied() || command === "search") return findings;
  const inspection = await inspect(connections, options);
  findings.push(...(await run([...accessChecks, archiveIdentity], inspection)));
  if (!isDenied() && command === "cleanup-pg") findings.push(...(await run([ownReferences(fail)], inspection)));
  if (isDenied() || command !== "migrate") return findings;
  findings.push(...(await run([...sourceChecks, ownReferences(warn)], inspection)));
  const patience = exact ? signal : await patienceOf(inspection.sources, connections, signal);
  findings.push(...(await inTime("offload rows", patience, signal, () => orphanOffloads(inspection, patience))));
  const plan = await dryRun(connections, options, signal, exact);
  findings.push(...planChecks.flatMap((check) => check(inspection, plan)));
  const freeable = () => freeableSpace(inspection, options.scope, patience);
  return [...findings, ...(await inTime("cleanup-pg", patience, signal, freeable))];
}

/** What looks at whole tables is given up after so long, where they are large. */
const patienceMillis = 5000;

async function patienceOf(
  sources: Inspection["sources"],
  { postgres }: Connections,
  signal: AbortSignal,
): Promise<AbortSignal> {
  const isQuick = await areQuickToRead(
    postgres,
    sources.map(({ table }) => table),
  );
  return isQuick ? signal : AbortSignal.any([signal, AbortSignal.timeout(patienceMillis)]);
}

async function inTime(
  check: string,
  patience: AbortSignal,
  signal: AbortSignal,
  look: () => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!patience.aborted || signal.aborted) throw error;
    return [ok(check, `not looked at: it takes longer than ${patienceMillis / 1000} s; --exact waits for it`)];
  }
}

/**
 * What a command cannot do without. Throws AppError with everything that is missing, or when the archive is not this
 * database's, and UsageError for settings that are others than the archive's; writes nothing.
 */
export async function requireAccess(
  connections: Connections,
  options: MigrateOptions,
  command: ArchiveCommand = "migrate",
): Promise<Inspection> {
  refuse(await privileges(connections, command));
  const inspection = await inspect(connections, options);
  await connections.archive.check();
  refuse(await run(accessChecks, inspection));
  return inspection;
}

function refuse(findings: readonly Finding[]): void {
  const failed = findings.filter(({ level }) => level === "fail");
  if (failed.length === 0) return;
  throw new AppError("preflight_failed", failed.map(({ message }) => message).join("\n"), {
    hint: failed.map(({ hint }) => hint).join("\n"),
  });
}

async function inspect(connections: Connections, options: MigrateOptions): Promise<Inspection> {
  const blobs = requiredBlobs(connections, options);
  const sources = await inspectSources(connections.postgres, options.scope, connections.settings.searchText);
  const cluster = await clusterInfo(connections.elasticsearch);
  return { connections, cluster, sources, blobs };
}

async function run(checks: readonly Check[], inspection: Inspection): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await check(inspection)));
  return findings;
}

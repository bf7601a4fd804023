import { formatBytes, formatCount } from "../src/cli/output/format.ts";
import type { CleanupReport } from "../src/workflow-logs/cleanup/report.ts";
import type { ApplyDirtyReport } from "../src/workflow-logs/dirty/dirty-report.ts";
import type { MigrateReport } from "../src/workflow-logs/copying/report.ts";
import type { RestoreReport } from "../src/workflow-logs/restore/report.ts";
import type { ValidateReport } from "../src/workflow-logs/validate/report.ts";
import { measuredProcess } from "./measured-process.ts";
import type { Bench, Part, PartResult } from "./support/bench.ts";
import { measure, type Measurement } from "./support/measure.ts";
import { type SampleArchive, withSampleArchive } from "./support/sample-archive.ts";
import { noiseNote, summary } from "./support/summary.ts";

/**
 * The commands after migrate, one after the other on the same logs of all types; what cleanup-pg deletes restore brings
 * back.
 */
export const commandsPart: Part = {
  name: "commands",
  measure: async (bench) => {
    await warmUp(bench);
    return withSampleArchive(bench, { nodeExecutions: bench.rows }, async (archive) => {
      await archive.execute("create index on workflow_node_executions (tenant_id, created_at, id)");
      const runs = new Map<string, Measurement[]>();
      const commands = commandsOf(archive, bench.rows);
      await runOnce(bench, archive, migrateCommand, runs);
      for (let round = 1; round <= bench.runs + repeats && (round <= bench.runs || isNoisy(runs)); round++) {
        for (const command of commands) await runOnce(bench, archive, command, runs);
      }
      return result(bench, runs);
    });
  },
};

/** Elasticsearch is slow until it has compiled what it does most: a copy that does not count. */
function warmUp(bench: Bench): Promise<void> {
  return withSampleArchive(bench, { nodeExecutions: bench.rows }, async ({ env }) => {
    await measuredProcess(["elasticsearch", "migrate"], env, bench.signal);
  });
}

/** Rounds more, while some command had no quiet run. */
const repeats = 2;

interface Command {
  readonly name: string;
  readonly args: readonly string[];
  /** Rows it worked on, and its own clock: the start of the process is left out. */
  readonly read: (report: never) => { rows: number; seconds: number };
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
}

const migrateCommand: Command = {
  name: "migrate",
  args: ["migrate"],
  read: ({ totals, seconds }: MigrateReport) => ({ rows: totals.migrated, seconds }),
};

function commandsOf({ tenantId, env, execute }: SampleArchive, rows: number): Command[] {
  const tenant = ["--tenant-id", tenantId];
  const app = async (...args: string[]): Promise<void> =>
    void (await measuredProcess(["elasticsearch", ...args], env, AbortSignal.timeout(120_000)));
  return [
    { name: "validate, counts (a sample of 1)", args: ["validate", ...tenant, "--sample-size", "1"], read: counted },
    { name: "validate, sample of 1000", args: ["validate", ...tenant], read: compared },
    { name: "validate --full", args: ["validate", ...tenant, "--full"], read: compared },
    {
      name: "cleanup-pg",
      args: ["cleanup-pg", ...tenant, "--before-date", "2026-09-01", "--allow-unreplicated", "--yes"],
      read: ({ byTable, seconds }: CleanupReport) => ({ rows: sum(byTable, "deleted"), seconds }),
    },
    {
      name: "restore",
      args: ["restore", ...tenant],
      read: ({ byTable, seconds }: RestoreReport) => ({ rows: sum(byTable, "restored"), seconds }),
    },
    {
      name: "apply-dirty (every fifth node execution)",
      before: async () => {
        await app("capture", "install");
        await execute(`update workflow_node_executions set title = title || '.' where id in
          (select id from workflow_node_executions order by id limit ${Math.ceil(rows / 5)})`);
      },
      args: ["apply-dirty", "--until-empty"],
      read: ({ totals, seconds }: ApplyDirtyReport) => ({ rows: totals.applied, seconds }),
      after: () => app("capture", "uninstall", "--yes"),
    },
  ];
}

function counted({ byDataType, seconds }: ValidateReport) {
  return { rows: sum(byDataType, "source"), seconds };
}

function compared({ byDataType, seconds }: ValidateReport) {
  return { rows: sum(byDataType, "checked"), seconds };
}

async function runOnce(
  bench: Bench,
  { env }: SampleArchive,
  { name, args, read, before, after }: Command,
  runs: Map<string, Measurement[]>,
): Promise<void> {
  bench.say(name);
  await before?.();
  const measured = await measure(bench, async () => {
    const call = measuredProcess(["elasticsearch", ...args, "--json"], env, bench.signal, { allowed: [0, 3] });
    const { stdout, peakBytes } = await call;
    return { ...read(JSON.parse(stdout) as never), peakBytes, startSeconds: 0 };
  });
  await after?.();
  if (!(measured.rows > 0)) throw new Error(`${name} worked on no rows`);
  runs.set(name, [...(runs.get(name) ?? []), measured]);
}

function sum<K extends string>(counts: Readonly<Record<string, Readonly<Record<K, number>>>>, key: K): number {
  return Object.values(counts).reduce((total, count) => total + count[key], 0);
}

function isNoisy(runs: ReadonlyMap<string, readonly Measurement[]>): boolean {
  return [...runs].some(([name, all]) => name !== migrateCommand.name && !all.some(({ isQuiet }) => isQuiet));
}

function result({ rows, runs: rounds }: Bench, runs: ReadonlyMap<string, readonly Measurement[]>): PartResult {
  const summaries = [...runs].map(([name, all]) => ({ name, ...summary(all) }));
  const migrated = summaries[0]!.median.rowsPerSecond;
  return {
    title: `Commands, ${formatCount(rows)} node executions with their runs and app logs, ${rounds} rounds`,
    heads: ["", "rows", "seconds", "rows/s", "of migrate", "client µs/row", "peak memory", "quiet runs"],
    lines: summaries.map(({ name, median, quietRuns, runs: all }) => [
      name,
      formatCount(median.rows),
      median.seconds.toFixed(1),
      formatCount(median.rowsPerSecond),
      (median.rowsPerSecond / migrated).toFixed(2),
      median.clientMicros.toFixed(1),
      formatBytes(median.peakBytes),
      `${quietRuns} of ${all.length}`,
    ]),
    notes: ["Processor time of the client includes the start of the program.", ...noiseNote(summaries)],
    figures: summaries,
  };
}

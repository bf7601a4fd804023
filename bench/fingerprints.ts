import { formatCount } from "../src/cli/output/format.ts";
import type { CleanupReport } from "../src/workflow-logs/cleanup/report.ts";
import { appArguments, measuredNode, measuredProcess } from "./measured-process.ts";
import type { Bench, Part } from "./support/bench.ts";
import { measure, type Measurement } from "./support/measure.ts";
import { type SampleArchive, withSampleArchive } from "./support/sample-archive.ts";
import { noiseNote, summary } from "./support/summary.ts";

const ways = ["without", "with"] as const;
const without = new URL("scripts/without-fingerprints.ts", import.meta.url).href;

/**
 * What it costs a purge to fingerprint the documents: the same rows are purged with and without, in turns, and brought
 * back between.
 */
export const fingerprintsPart: Part = {
  name: "fingerprints",
  measure: (bench) =>
    withSampleArchive(bench, { nodeExecutions: bench.rows }, async (archive) => {
      await archive.execute("create index on workflow_node_executions (tenant_id, created_at, id)");
      await measuredProcess(["elasticsearch", "migrate"], archive.env, bench.signal);
      const runs = { without: [] as Measurement[], with: [] as Measurement[] };
      for (let round = 0; round <= bench.runs; round++) {
        for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
          const measured = await purge(bench, archive, way);
          if (round > 0) runs[way].push(measured); // the first round warms both servers up
          await bringBack(bench, archive);
        }
      }
      const all = ways.map((way) => ({ name: `purge ${way} fingerprints`, ...summary(runs[way]) }));
      const ratio = all[0]!.median.rowsPerSecond / all[1]!.median.rowsPerSecond;
      return {
        title: `Fingerprints, purging ${formatCount(all[0]!.median.rows)} rows, ${bench.runs} rounds`,
        heads: ["", "rows/s", "client µs/row", "PostgreSQL µs/row", "quiet runs"],
        lines: all.map(({ name, median, quietRuns, runs: every }) => [
          name,
          formatCount(median.rowsPerSecond),
          median.clientMicros.toFixed(1),
          median.postgresMicros.toFixed(1),
          `${quietRuns} of ${every.length}`,
        ]),
        notes: [`With fingerprints a purge takes ${ratio.toFixed(3)} times as long.`, ...noiseNote(all)],
        figures: { ratio, all },
      };
    }),
};

async function purge(bench: Bench, { env, tenantId }: SampleArchive, way: (typeof ways)[number]): Promise<Measurement> {
  bench.say(`cleanup-pg ${way} fingerprints`);
  const args = appArguments([
    "elasticsearch",
    "cleanup-pg",
    "--tenant-id",
    tenantId,
    "--before-date",
    "2026-09-01",
    "--allow-unreplicated",
    "--yes",
    "--json",
  ]);
  const imported = way === "without" ? ["--import", without] : [];
  return measure(bench, async () => {
    const call = { env, signal: bench.signal, allowed: [0, 3] };
    const { stdout, peakBytes } = await measuredNode([...imported, ...args], call);
    const { byTable, seconds } = JSON.parse(stdout) as CleanupReport;
    const rows = Object.values(byTable).reduce((sum, { deleted }) => sum + deleted, 0);
    if (rows === 0) throw new Error("nothing was purged");
    return { rows, seconds, peakBytes, startSeconds: 0 };
  });
}

async function bringBack(bench: Bench, { env, tenantId, execute }: SampleArchive): Promise<void> {
  await measuredProcess(["elasticsearch", "restore", "--tenant-id", tenantId, "--accept-unproven"], env, bench.signal);
  await execute("vacuum analyze");
}

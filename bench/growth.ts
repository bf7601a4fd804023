import { formatBytes, formatCount } from "../src/cli/output/format.ts";
import type { MigrateReport } from "../src/workflow-logs/copying/report.ts";
import { measuredProcess } from "./measured-process.ts";
import type { Bench, Part } from "./support/bench.ts";
import { measure } from "./support/measure.ts";
import { withSampleArchive } from "./support/sample-archive.ts";

/** Migrate with more and more logs in the same partitions, with Dify's own indexes: one scan lists the keys. */
export const growthPart: Part = {
  name: "growth",
  measure: async (bench) => {
    const sizes = [];
    for (const nodeExecutions of bench.growth) sizes.push(await grown(bench, nodeExecutions));
    return {
      title: "Growth: all types, 5 tenants, 3 months, search text as by default, no index but Dify's",
      heads: [
        "node executions",
        "rows",
        "planning s",
        "migrate s",
        "rows/s",
        "per second",
        "peak memory",
        "others' processors",
      ],
      lines: sizes.map(({ nodeExecutions, planning, rows, seconds, bytes, peakBytes, others }) => [
        formatCount(nodeExecutions),
        formatCount(rows),
        planning.toFixed(1),
        seconds.toFixed(1),
        formatCount(rows / seconds),
        formatBytes(bytes / seconds),
        formatBytes(peakBytes),
        others.toFixed(2),
      ]),
      notes: ["Planning is a dry run before, which also counts bytes; a migration plans once more in its own time."],
      figures: sizes,
    };
  },
};

function grown(bench: Bench, nodeExecutions: number) {
  return withSampleArchive(bench, { nodeExecutions, tenants: 5, months: 3 }, async ({ env }) => {
    const migrate = (...more: string[]) =>
      measuredProcess(["elasticsearch", "migrate", "--json", ...more], env, bench.signal);
    const planned = JSON.parse((await migrate("--dry-run")).stdout) as MigrateReport;
    bench.say(`Migrating ${formatCount(planned.totals.source)} rows`);
    let bytes = 0;
    const measured = await measure(bench, async () => {
      const { stdout, peakBytes } = await migrate();
      const { totals, seconds } = JSON.parse(stdout) as MigrateReport;
      if (totals.migrated !== totals.source) throw new Error(`Of ${totals.source} rows ${totals.migrated} were copied`);
      bytes = totals.bytes;
      return { rows: totals.migrated, seconds, startSeconds: 0, peakBytes };
    });
    return { nodeExecutions, planning: planned.seconds, bytes, ...measured };
  });
}

import type { SearchTextMode } from "../../src/workflow-logs/documents/search-text.ts";
import type { MigrateReport } from "../../src/workflow-logs/copying/report.ts";
import { measuredProcess } from "../measured-process.ts";
import type { Bench } from "../support/bench.ts";
import { processorTime } from "../support/processor-time.ts";
import type { Contestant } from "../support/race.ts";
import type { SampleArchive } from "../support/sample-archive.ts";
import type { Target } from "./target.ts";

/**
 * `app elasticsearch migrate` as users run it, with its defaults but for the search text. Its clock is that of its own
 * report: planning, indices, copy, checkpoints and refreshes; the start of the process and the set-up of the state
 * schema are left out.
 */
export async function ours(
  bench: Bench,
  archive: SampleArchive,
  target: Target,
  searchText: SearchTextMode,
): Promise<Contestant> {
  const { signal } = bench;
  const env = { ...archive.env, ELASTICSEARCH_SEARCH_TEXT: searchText };
  const args = ["elasticsearch", "migrate", "--json", "--data-type", "node_executions"];
  const startSeconds = await startTime(bench);
  return {
    name: "app elasticsearch migrate",
    settings: [
      {
        label: `search text ${searchText}`,
        prepare: () => archive.execute("drop schema if exists log_archive cascade"),
        run: async () => {
          const { stdout, peakBytes } = await measuredProcess(args, env, signal);
          const { totals, seconds } = JSON.parse(stdout) as MigrateReport;
          if (totals.migrated !== target.rows) throw new Error(`Of ${target.rows} rows ${totals.migrated} were copied`);
          await target.requireDocuments(target.rows);
          return { rows: totals.migrated, seconds, startSeconds, peakBytes };
        },
        clear: () => target.remove(),
      },
    ],
  };
}

/** Processor time of a start that does nothing: seconds that belong to no row. */
async function startTime(bench: Bench): Promise<number> {
  const before = processorTime(bench).clients;
  await measuredProcess(["--version"], {}, bench.signal);
  return processorTime(bench).clients - before;
}

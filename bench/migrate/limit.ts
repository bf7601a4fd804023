import { fileURLToPath } from "node:url";
import { measuredNode } from "../measured-process.ts";
import type { BlastTask } from "../scripts/blast.ts";
import type { Bench } from "../support/bench.ts";
import type { Outcome } from "../support/measure.ts";
import type { Contestant } from "../support/race.ts";
import type { SampleArchive } from "../support/sample-archive.ts";
import { type Bodies } from "./render-bodies.ts";
import type { Target } from "./target.ts";

const script = fileURLToPath(new URL("../scripts/blast.ts", import.meta.url));
const MB = 1024 * 1024;

/**
 * The same documents, rendered before: what Elasticsearch takes when the client costs next to nothing and PostgreSQL
 * nothing at all.
 */
export function limit({ signal }: Bench, archive: SampleArchive, target: Target, bodies: Bodies): Contestant {
  const ways = [
    { bodyBytes: 5 * MB, concurrency: 2 },
    { bodyBytes: 5 * MB, concurrency: 3 },
    { bodyBytes: 10 * MB, concurrency: 3 },
    { bodyBytes: 20 * MB, concurrency: 2 },
  ];
  return {
    name: "limit: rendered before",
    settings: ways.map((way) => ({
      label: `${way.bodyBytes / MB} MB, ${way.concurrency} in flight`,
      prepare: () => target.installTemplates(),
      run: () =>
        target.filledBy(async () => {
          const task: BlastTask = { elasticsearchUrl: archive.elasticsearchUrl, files: [...bodies.files], ...way };
          return runScript(script, task, signal);
        }),
      clear: () => target.remove(),
    })),
  };
}

/** Runs a program of bench/scripts that prints its outcome. */
export async function runScript(file: string, task: object, signal: AbortSignal): Promise<Outcome> {
  const { stdout, peakBytes } = await measuredNode([file, JSON.stringify(task)], { signal });
  return { ...(JSON.parse(stdout) as Omit<Outcome, "peakBytes">), peakBytes };
}

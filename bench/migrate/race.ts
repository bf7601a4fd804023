import { formatBytes, formatCount } from "../../src/cli/output/format.ts";
import type { Bench, Part, PartResult } from "../support/bench.ts";
import { pinned } from "../support/pin.ts";
import { type Contestant, race, type Standing } from "../support/race.ts";
import { noiseNote } from "../support/summary.ts";
import { type SampleArchive, withSampleArchive } from "../support/sample-archive.ts";
import { elasticdump } from "./elasticdump.ts";
import { limit } from "./limit.ts";
import { nodePeers } from "./node-peers.ts";
import { ours } from "./ours.ts";
import { pythonPeers } from "./python-peers.ts";
import { type Bodies, renderBodies } from "./render-bodies.ts";
import { Target } from "./target.ts";

/** Migrate against the limit and against other ways to do the same. */
export const migratePart: Part = {
  name: "migrate",
  measure: (bench) =>
    withRace(bench, "off", async (archive, target, bodies) => {
      const notes: string[] = [];
      const peers = nodePeers(bench, archive, target);
      const add = async (name: string, more: () => Promise<Contestant[]>): Promise<void> => {
        try {
          peers.push(...(await more()));
        } catch (error) {
          bench.signal.throwIfAborted();
          notes.push(`Not measured: ${name}, which could not be installed: ${(error as Error).message.slice(0, 300)}`);
        }
      };
      await add("the Python clients", () => pythonPeers(bench, archive, target));
      await add("elasticdump", async () => [await elasticdump(bench, archive, target)]);
      const standings = await race(bench, [
        limit(bench, archive, target, bodies),
        await ours(bench, archive, target, "off"),
        ...peers,
      ]);
      return result("Copying, payload only", bench, standings, notes);
    }),
};

/**
 * The same documents with search text, which Elasticsearch analyses: as much as by default, and what more and none of
 * it costs.
 */
export const searchTextPart: Part = {
  name: "search-text",
  measure: (bench) =>
    withRace(bench, "bounded", async (archive, target, bodies) => {
      const contestants = [limit(bench, archive, target, bodies)];
      for (const mode of ["bounded", "off", "full"] as const)
        contestants.push(await ours(bench, archive, target, mode));
      return result(
        "Copying, with search text; the limit with that of the default",
        bench,
        await race(bench, contestants),
        [],
      );
    }),
};

/** Elasticsearch on a processor of its own, as it would have a machine of its own. */
export const pinnedPart: Part = {
  name: "pinned",
  measure: (bench) =>
    withRace(bench, "off", async (archive, target, bodies) => {
      const contestants = [limit(bench, archive, target, bodies), await ours(bench, archive, target, "off")];
      const standings = await pinned(bench, () => race(bench, contestants));
      const why = standings ? [] : ["Not measured: it takes two processors and `taskset`."];
      return result("Copying, payload only, Elasticsearch on its own processor", bench, standings ?? [], why);
    }),
};

async function withRace(
  bench: Bench,
  searchText: "off" | "bounded",
  run: (archive: SampleArchive, target: Target, bodies: Bodies) => Promise<PartResult>,
): Promise<PartResult> {
  return withSampleArchive(bench, { nodeExecutions: bench.rows }, async (archive) => {
    await archive.execute("create index on workflow_node_executions (tenant_id, created_at, id)");
    await archive.execute("vacuum analyze workflow_node_executions");
    const target = new Target(archive);
    try {
      bench.say("Rendering the documents for the limit");
      return await run(archive, target, await renderBodies(bench, archive, target, searchText));
    } finally {
      await target.close();
    }
  });
}

function result(title: string, { rows, runs }: Bench, standings: readonly Standing[], notes: string[]): PartResult {
  const [limitOf, own] = standings.map((standing) => standing.median.rowsPerSecond);
  const lines = standings.map(({ name, setting, median, quietRuns, runs: all }) => [
    `${name} (${setting})`,
    formatCount(median.rowsPerSecond),
    (median.rowsPerSecond / limitOf!).toFixed(2),
    `${(own! / median.rowsPerSecond).toFixed(1)}x`,
    median.clientMicros.toFixed(1),
    median.postgresMicros.toFixed(1),
    median.elasticsearchMicros.toFixed(1),
    formatBytes(median.peakBytes),
    `${quietRuns} of ${all.length}`,
  ]);
  return {
    title: `${title}, ${formatCount(rows)} node executions, ${runs} rounds`,
    heads: [
      "",
      "rows/s",
      "of the limit",
      "ours is",
      "client µs/row",
      "PostgreSQL",
      "Elasticsearch",
      "peak memory",
      "quiet runs",
    ],
    lines,
    notes: [...notes, ...triedNote(standings), ...noiseNote(standings)],
    figures: standings,
  };
}

/** The settings that the ones above were chosen from. */
function triedNote(standings: readonly Standing[]): string[] {
  return standings
    .filter(({ rehearsals }) => rehearsals.length > 0)
    .map(({ name, rehearsals }) => {
      const tried = rehearsals.map(({ setting, rowsPerSecond }) => `${setting} ${formatCount(rowsPerSecond)}`);
      return `Tried once each, in rows/s: ${name}: ${tried.join("; ")}.`;
    });
}

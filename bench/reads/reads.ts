import type { Connections } from "../../src/workflow-logs/connections.ts";
import { formatCount } from "../../src/cli/output/format.ts";
import { measuredProcess } from "../measured-process.ts";
import type { Bench, Part } from "../support/bench.ts";
import { withArchive } from "../support/open-archive.ts";
import { othersBetween, processorTime } from "../support/processor-time.ts";
import { type SampleArchive, withSampleArchive } from "../support/sample-archive.ts";
import { percentile } from "../support/statistics.ts";
import { addRuns, type BusiestApp, busiestApp } from "./many-runs.ts";
import { type Question, questions } from "./questions.ts";

/** What a platform's pages ask of a tenant with many runs, of the archive and of the table in SQL. */
export const readsPart: Part = {
  name: "reads",
  measure: (bench) =>
    withSampleArchive(bench, { nodeExecutions: baseNodes, graphBytes: 200 }, async (archive) => {
      await prepare(bench, archive);
      const timed = await withArchive(archive, async (connections) => {
        const app = await busiestApp(connections.postgres, archive.tenantId);
        return { app, answers: await askAll(bench, connections, app) };
      });
      const { app, answers } = timed;
      return {
        title: `Reads, a tenant with ${formatCount(bench.tenantRuns)} runs, ${formatCount(app.runs)} of them of the app asked for (ms)`,
        heads: [
          "",
          "archive p50",
          "archive p95",
          "SQL p50",
          "SQL p95",
          "SQL / archive, p50",
          "answers",
          "others' processors",
        ],
        lines: answers.map(({ name, archive: ours, sql, others }) => [
          name,
          millis(ours, 50),
          millis(ours, 95),
          millis(sql, 50),
          millis(sql, 95),
          `${(percentile(sql, 50) / percentile(ours, 50)).toFixed(1)}x`,
          `${ours.length} and ${sql.length}`,
          others.toFixed(2),
        ]),
        notes: [],
        figures: answers,
      };
    }),
};

/** Enough for runs of every kind; copies of them make the tenant as large as asked for. */
const baseNodes = 20_000;

async function prepare(bench: Bench, archive: SampleArchive): Promise<void> {
  bench.say(`Making ${formatCount(bench.tenantRuns)} runs`);
  await withArchive(archive, ({ postgres }) => addRuns(postgres, bench.tenantRuns));
  bench.say("Migrating them");
  await measuredProcess(
    ["elasticsearch", "migrate", "--json", "--data-type", "workflow_runs"],
    archive.env,
    bench.signal,
  );
}

interface Answers {
  name: string;
  /** Milliseconds of each answer. */
  archive: number[];
  sql: number[];
  others: number;
}

async function askAll(bench: Bench, connections: Connections, app: BusiestApp): Promise<Answers[]> {
  const answers: Answers[] = [];
  for (const question of await questions(connections, app)) {
    bench.say(question.name);
    const before = processorTime(bench);
    const [archive, sql] = [await ask(bench, question.archive), await ask(bench, question.sql)];
    answers.push({ name: question.name, archive, sql, others: othersBetween(before, processorTime(bench)) });
  }
  return answers;
}

const mostAnswers = 300;
const longestAsking = 15_000;

/** Asks until it has enough answers, or has asked long enough; the first answers warm up and do not count. */
async function ask({ signal }: Bench, answer: Question["archive"]): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + longestAsking;
  for (let turn = -warmUp; times.length < mostAnswers && (times.length < 2 || performance.now() < end); turn++) {
    signal.throwIfAborted();
    const started = performance.now();
    await answer(Math.abs(turn));
    if (turn >= 0 || performance.now() >= end) times.push(performance.now() - started);
  }
  return times;
}

const warmUp = 300;

function millis(times: readonly number[], percent: number): string {
  return percentile(times, percent).toFixed(1);
}

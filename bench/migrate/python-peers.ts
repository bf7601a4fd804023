import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench } from "../support/bench.ts";
import type { Outcome } from "../support/measure.ts";
import type { Contestant } from "../support/race.ts";
import { runProcess } from "../support/run-process.ts";
import type { SampleArchive } from "../support/sample-archive.ts";
import type { Target } from "./target.ts";

const script = fileURLToPath(new URL("../scripts/python_bulk.py", import.meta.url));
const packages = ["psycopg[binary]==3.*", "elasticsearch==8.*", "orjson==3.*"];

interface Way {
  batch: number;
  threads: number;
  orjson: boolean;
}

/** The helpers of the Python client. Throws when there is no Python, or its packages cannot be had. */
export async function pythonPeers(bench: Bench, archive: SampleArchive, target: Target): Promise<Contestant[]> {
  const python = await installed(bench);
  const { databaseUrl, elasticsearchUrl, tenantId } = archive;
  const contestant = (name: string, ways: readonly Way[]): Contestant => ({
    name,
    settings: ways.map((way) => ({
      label: [
        `${way.batch} rows`,
        ...(way.threads ? [`${way.threads} threads`] : []),
        way.orjson ? "orjson" : "json",
      ].join(", "),
      prepare: () => target.installTemplates(),
      run: () =>
        target.filledBy(async () => {
          const task = JSON.stringify({ databaseUrl, elasticsearchUrl, tenantId, indexBase: target.indexBase, ...way });
          const { stdout } = await runProcess({ file: python, args: [script, task], signal: bench.signal });
          return JSON.parse(stdout) as Outcome;
        }),
      clear: () => target.remove(),
    })),
  });
  return [
    contestant("Python streaming_bulk", [
      { batch: 500, threads: 0, orjson: false },
      { batch: 2000, threads: 0, orjson: false },
      { batch: 500, threads: 0, orjson: true },
    ]),
    contestant("Python parallel_bulk", [
      { batch: 500, threads: 4, orjson: false },
      { batch: 500, threads: 2, orjson: true },
      { batch: 500, threads: 4, orjson: true },
    ]),
  ];
}

/** A Python of its own, in the folder of this run. */
async function installed({ folder, signal, say }: Bench): Promise<string> {
  say("Installing the Python clients");
  const venv = join(folder, "python");
  const env = process.env; // pip's own settings count: a mirror, a proxy
  await runProcess({ file: "python3", args: ["-m", "venv", venv], env, signal });
  const python = join(venv, "bin", "python");
  await runProcess({ file: python, args: ["-m", "pip", "install", "--quiet", ...packages], env, signal });
  return python;
}

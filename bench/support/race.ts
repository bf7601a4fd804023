import type { Bench } from "./bench.ts";
import { measure, type Measurement, type Outcome } from "./measure.ts";
import { type Summary, summary } from "./summary.ts";

/** One way to do the work. */
export interface Contestant {
  readonly name: string;
  /** Ways to set it up; the best takes part. */
  readonly settings: readonly Setting[];
}

export interface Setting {
  readonly label: string;
  /** Does the work once, from nothing. */
  readonly run: () => Promise<Outcome>;
  /** Before and after each run, unmeasured. */
  readonly prepare: () => Promise<void>;
  readonly clear: () => Promise<void>;
}

export interface Standing extends Summary {
  readonly name: string;
  readonly setting: string;
  readonly rehearsals: readonly { readonly setting: string; readonly rowsPerSecond: number }[];
}

/** A noisy run is repeated so often; then it counts as what it is. */
const repeats = 2;

/** Finds the best setting of each, then lets all of them run in turn, `bench.runs` times. */
export async function race(bench: Bench, contestants: readonly Contestant[]): Promise<Standing[]> {
  const chosen = [];
  await once(bench, contestants[0]!.settings[0]!); // Elasticsearch is slow until it has compiled what it does most
  for (const contestant of contestants) chosen.push(await rehearse(bench, contestant));
  for (let round = 1; round <= bench.runs; round++) {
    for (const { name, setting, runs } of chosen) {
      bench.say(`Round ${round}: ${name}, ${setting.label}`);
      for (let attempt = 0; attempt <= repeats; attempt++) {
        runs.push(await once(bench, setting));
        if (runs.at(-1)!.isQuiet) break;
        bench.say(`  others kept ${runs.at(-1)!.others.toFixed(2)} processors busy`);
      }
    }
  }
  return chosen.map(({ name, setting, runs, rehearsals }) => ({
    name,
    setting: setting.label,
    ...summary(runs),
    rehearsals,
  }));
}

async function rehearse(bench: Bench, { name, settings }: Contestant) {
  const tried: { setting: Setting; rowsPerSecond: number }[] = [];
  for (const setting of settings.length > 1 ? settings : []) {
    bench.say(`Trying ${name}, ${setting.label}`);
    tried.push({ setting, rowsPerSecond: (await once(bench, setting)).rowsPerSecond });
  }
  const best = tried.toSorted((a, b) => b.rowsPerSecond - a.rowsPerSecond)[0]?.setting ?? settings[0]!;
  const rehearsals = tried.map(({ setting, rowsPerSecond }) => ({ setting: setting.label, rowsPerSecond }));
  return { name, setting: best, runs: [] as Measurement[], rehearsals };
}

async function once(bench: Bench, { prepare, run, clear }: Setting): Promise<Measurement> {
  bench.signal.throwIfAborted();
  await prepare();
  try {
    return await measure(bench, run);
  } finally {
    await clear();
  }
}

import { fileURLToPath } from "node:url";
import { relative } from "node:path";

/** What `node --cpu-prof` writes: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly place: string;
  readonly millis: number;
  /** Of the time in which the thread was not idle. */
  readonly share: number;
}

/** Where the thread was, not counting what it called from there; most time first. Idle is left out. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, root: string): SelfTime[] {
  const placeOf = new Map(nodes.map(({ id, callFrame }) => [id, place(callFrame, root)]));
  const micros = new Map<string, number>();
  for (const [at, id] of samples.entries()) {
    const where = placeOf.get(id)!;
    micros.set(where, (micros.get(where) ?? 0) + timeDeltas[at]!);
  }
  micros.delete("(idle)");
  const busy = [...micros.values()].reduce((sum, time) => sum + time, 0);
  return [...micros]
    .toSorted(([, a], [, b]) => b - a)
    .map(([where, time]) => ({ place: where, millis: time / 1000, share: time / busy }));
}

function place({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"], root: string): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url;
  return `${name}  ${file}:${lineNumber + 1}`;
}

import { setTimeout as sleep } from "node:timers/promises";
import { noProgress } from "../../../src/runs/progress.ts";
import { inRun } from "../../../src/runs/run.ts";
import { openHome } from "./homes-by-address.ts";

// A process that has a run, and the lock "work", until it is killed. It writes the run's id when both are there.
const { home } = await openHome(process.argv[2]!);
const description = { command: "toy", options: {}, limits: {}, report: () => ({}) };
await inRun(home, description, { signal: new AbortController().signal, progress: noProgress }, async (run) => {
  await run.locks.tryLock("work");
  console.log(run.id);
  await sleep(600_000);
  return "completed";
});

import { expect, test } from "vitest";
import { Pacing } from "../../../src/engine/pacing.ts";
import { pacingLimits } from "../../../src/runs/run-limits.ts";
import { waitUntil } from "../../../src/runs/wait-until.ts";
import { Waits } from "../../../src/runs/waits.ts";

const why = { cause: "lock", text: "another works on it" } as const;
const never = new AbortController().signal;

function quietRun() {
  const notes: string[] = [];
  const pacing = new Pacing(pacingLimits({}));
  return { pacing, waits: new Waits(pacing, (text) => notes.push(text)), notes };
}

test("what is so already is no wait", async () => {
  const run = quietRun();
  await waitUntil(run, why, never, async () => true);
  expect(run.notes).toEqual([]);
});

test("the run says why it waits, once, as long as it is not so", async () => {
  const run = quietRun();
  let asked = 0;
  const said: (string | undefined)[] = [];
  await waitUntil(run, why, never, async () => {
    said.push(run.waits.current);
    return ++asked === 3;
  });
  expect(run.notes).toEqual([why.text]);
  expect(said).toEqual([undefined, why.text, why.text]);
});

test("nothing is asked while the run is paused, and a stop ends the wait", async () => {
  const run = quietRun();
  run.pacing.pause();
  const stop = new AbortController();
  let asked = 0;
  const waiting = waitUntil(run, why, stop.signal, async () => ++asked > 0);
  stop.abort();
  await expect(waiting).rejects.toThrow("stopped");
  expect(asked).toBe(0);
});

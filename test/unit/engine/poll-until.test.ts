import { expect, test } from "vitest";
import { pollUntil } from "../../../src/engine/poll-until.ts";

const never = new AbortController().signal;

test("asks until there is an answer", async () => {
  let asked = 0;
  const answer = await pollUntil(async () => (++asked < 3 ? undefined : `after ${asked}`), {
    everyMillis: 1,
    signal: never,
  });
  expect(answer).toBe("after 3");
});

test("asks at least once, and gives undefined when the time is over", async () => {
  let asked = 0;
  const ask = async (): Promise<undefined> => void asked++;
  expect(await pollUntil(ask, { everyMillis: 1, withinMillis: 0, signal: never })).toBeUndefined();
  expect(asked).toBe(1);
});

test("false and zero are answers", async () => {
  expect(await pollUntil(async () => false, { everyMillis: 1, signal: never })).toBe(false);
  expect(await pollUntil(async () => 0, { everyMillis: 1, signal: never })).toBe(0);
});

test("a stop ends the wait at once, and an error of the question goes on", async () => {
  const stop = new AbortController();
  const waiting = pollUntil(
    async () => {
      queueMicrotask(() => stop.abort());
      return undefined;
    },
    { everyMillis: 1_000_000, signal: stop.signal },
  );
  await expect(waiting).rejects.toThrow("The operation was aborted");
  const failing = pollUntil(() => Promise.reject(new Error("no answer")), { everyMillis: 1, signal: never });
  await expect(failing).rejects.toThrow("no answer");
});

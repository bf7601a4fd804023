import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../../../src/cli/confirm.ts";
import { AppError, UsageError } from "../../../src/engine/errors.ts";
import { fakeHost } from "../../support/fake-host.ts";

const terminal = (): PassThrough & { isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: true });

test("--yes answers without a question", async () => {
  const host = fakeHost([]);
  await confirm("Drop it?", true, host);
  expect(host.err()).toBe("");
});

test("without a terminal it refuses with a usage error", async () => {
  await expect(confirm("Drop it?", false, fakeHost([]))).rejects.toThrow(UsageError);
});

test.each(["y", "yes", " Y "])("the answer %j is yes", async (answer) => {
  const stdin = terminal();
  const host = fakeHost([], { stdin });
  const confirmed = confirm("Drop it?", false, host);
  stdin.write(`${answer}\n`);
  await confirmed;
  expect(host.err()).toBe("Drop it? [y/N] ");
  expect(host.out()).toBe("");
});

test.each(["n", "", "yep", "no y"])("the answer %j is no", async (answer) => {
  const stdin = terminal();
  const confirmed = confirm("Drop it?", false, fakeHost([], { stdin }));
  stdin.write(`${answer}\n`);
  await expect(confirmed).rejects.toMatchObject({ code: "not_confirmed" });
  await expect(confirmed).rejects.not.toThrow(UsageError);
});

test("the end of the input is no", async () => {
  const stdin = terminal();
  const confirmed = confirm("Drop it?", false, fakeHost([], { stdin }));
  stdin.end();
  await expect(confirmed).rejects.toThrow(AppError);
});

test("the operator's stop ends the question", async () => {
  const stopping = new AbortController();
  const confirmed = confirm("Drop it?", false, fakeHost([], { stdin: terminal(), signal: stopping.signal }));
  stopping.abort();
  await expect(confirmed).rejects.toMatchObject({ name: "AbortError" });
});

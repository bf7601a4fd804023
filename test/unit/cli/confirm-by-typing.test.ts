import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirmByTyping } from "../../../src/cli/confirm.ts";
import { UsageError } from "../../../src/engine/errors.ts";
import { fakeHost } from "../../support/fake-host.ts";

const terminal = (): PassThrough & { isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: true });

test("--yes answers without a question; without a terminal it refuses with a usage error", async () => {
  const host = fakeHost([]);
  await confirmByTyping("Delete it?", "tenant-1", true, host);
  expect(host.err()).toBe("");
  await expect(confirmByTyping("Delete it?", "tenant-1", false, fakeHost([]))).rejects.toThrow(UsageError);
});

test("the word itself confirms", async () => {
  const stdin = terminal();
  const host = fakeHost([], { stdin });
  const confirmed = confirmByTyping("Delete it?", "tenant-1", false, host);
  stdin.write(" tenant-1 \n");
  await confirmed;
  expect(host.err()).toBe("Delete it?\nType tenant-1 to go on: ");
});

test.each(["y", "yes", "", "tenant-10", "TENANT-1"])("%j does not", async (answer) => {
  const stdin = terminal();
  const confirmed = confirmByTyping("Delete it?", "tenant-1", false, fakeHost([], { stdin }));
  stdin.write(`${answer}\n`);
  await expect(confirmed).rejects.toMatchObject({ code: "not_confirmed" });
});

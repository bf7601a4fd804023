import { expect, test } from "vitest";
import { nextStep } from "../../../../src/cli/output/next-step.ts";
import { runCli } from "../../../../src/cli/run-cli.ts";
import { fakeHost } from "../../../support/fake-host.ts";

const after = [
  "preflight",
  "capture",
  "migrate",
  "validate",
  "applied",
  "empty",
  "both",
  "switched",
  "wouldPurge",
  "purged",
] as const;

test.each(after)("after %s every command that is named exists", async (step) => {
  const line = nextStep(step);
  expect(line).toMatch(/^Next: ./);
  for (const [, words] of line.matchAll(/app ((?:[a-z]+(?:-[a-z]+)*(?: (?=[a-z])|\b))+)/g)) {
    const named = words!.split(" ").slice(0, /capture|rollout/.test(words!) ? 3 : 2);
    const host = fakeHost([...named, "--help"]);
    expect([named, await runCli(host)]).toEqual([named, 0]);
    expect(host.out()).toContain(`app ${named.join(" ")}`);
  }
});

import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHooks, type Hooks } from "../../../../src/cli/hooks/hooks.ts";
import { hookEvents, type HooksConfig } from "../../../../src/config/sections/hooks.ts";
import type { Log } from "../../../../src/engine/log.ts";
import { noProgress } from "../../../../src/runs/progress.ts";
import { runCli } from "../../../../src/cli/run-cli.ts";
import { fakeHost } from "../../../support/fake-host.ts";

let folder: string;
let warnings: object[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "hooks-"));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

const env = { PATH: process.env["PATH"], DB_PASSWORD: "hidden-word", DATABASE_URL: "postgresql://a:hidden-word@b/c" };

function hooksWith(config: Partial<HooksConfig>): Hooks {
  const silent = (): void => {};
  const warn = (about: object): void => void warnings.push(about);
  const log = { debug: silent, info: silent, error: silent, warn } as Log;
  const redact = (text: string): string => text.replaceAll("hidden-word", "[secret]");
  return createHooks({ events: hookEvents, timeoutSeconds: 10, ...config }, { env, log, redact });
}

interface Told {
  readonly event: string;
  readonly runId: string | null;
  readonly text: string;
  readonly error: string | null;
}

async function toldIn(file: string): Promise<Told[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);
}

test("a command is told of each event in its order, and sees nothing secret", async () => {
  const file = path.join(folder, "told");
  const hooks = hooksWith({ command: `cat >> ${file}; env >> ${file}.env` });
  const sink = hooks.watch(noProgress);
  sink.runStarted!("a", "elasticsearch migrate");
  sink.runWaits!("a", "throttled by rate");
  sink.runWaits!("a", "another reason"); // within the same minute
  sink.runWaits!("a", "paused");
  sink.runEnded!("a", "completed_with_errors", { totals: { migrated: 5 } });
  sink.runStarted!("b", "elasticsearch validate");
  sink.runEnded!("b", "failed", { error: "no hidden-word here" });
  hooks.failed("elasticsearch validate", new Error("said already"));
  await hooks.settled();
  const told = await toldIn(file);
  expect(told.map(({ event, runId }) => [event, runId])).toEqual([
    ["start", "a"],
    ["throttled", "a"],
    ["findings", "a"],
    ["start", "b"],
    ["failure", "b"],
  ]);
  expect(told[2]).toMatchObject({
    command: "elasticsearch migrate",
    totals: { migrated: 5 },
    status: "completed_with_errors",
  });
  expect(told[4]).toMatchObject({
    error: "no [secret] here",
    text: "log-archive: elasticsearch validate b failed: no [secret] here",
  });
  expect(await readFile(`${file}.env`, "utf8")).not.toContain("hidden-word");
  expect(warnings).toEqual([]);
});

test("an address is told, and only of the events that are asked for", async () => {
  const bodies: Told[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => void (text += String(part)));
    request.on("end", () => {
      bodies.push(JSON.parse(text) as Told);
      response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const hooks = hooksWith({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`,
      events: ["success"],
    });
    const sink = hooks.watch(noProgress);
    sink.runStarted!("a", "milvus sync");
    sink.runEnded!("a", "completed", {});
    await hooks.settled();
    expect(bodies).toMatchObject([{ event: "success", runId: "a", text: "log-archive: milvus sync a is done" }]);
  } finally {
    server.close();
  }
});

test.each([
  ["a command that fails", { command: "exit 3" }, "it ended with 3"],
  ["a command that is not there", { command: "/nowhere/hook" }, "it ended with 127"],
  [
    "a command that does not end",
    { command: "exec sleep 60", timeoutSeconds: 1 },
    "it took longer than 1 s and was killed",
  ],
  ["a command that reads nothing", { command: "exec <&-; exit 0" }, undefined],
  ["an address that nobody listens at", { url: "http://127.0.0.1:9/secret-path" }, expect.any(String)],
])("%s is a warning at most, which does not tell the address", async (_, config, warning) => {
  const hooks = hooksWith(config);
  hooks.failed("x", new Error("y"));
  await hooks.settled();
  expect(warnings.map((one) => (one as { error: string }).error)).toEqual(warning === undefined ? [] : [warning]);
  expect(JSON.stringify(warnings)).not.toContain("secret-path");
});

test("a command that fails before its run begins is told, wrong arguments are not", async () => {
  const file = path.join(folder, "told");
  const own = {
    PATH: process.env["PATH"],
    HOOK_COMMAND: `cat >> ${file}`,
    DATABASE_URL: "postgresql://me:x@127.0.0.1:9/none",
    ELASTICSEARCH_HOSTS: "http://127.0.0.1:9",
  };
  expect(await runCli(fakeHost(["elasticsearch", "migrate", "--batch-size", "x"], { env: own }))).toBe(2);
  expect(await toldIn(file)).toEqual([]);
  expect(await runCli(fakeHost(["elasticsearch", "migrate"], { env: own }))).toBe(1);
  expect(await toldIn(file)).toMatchObject([{ event: "failure", command: "elasticsearch migrate", runId: null }]);
});

test.each([{ HOOK_URL: "ftp://x" }, { HOOK_EVENTS: "start,done" }, { HOOK_TIMEOUT: "0" }])(
  "%j is refused",
  async (wrong) => {
    const host = fakeHost(["elasticsearch", "migrate"], { env: wrong });
    expect(await runCli(host)).toBe(2);
    expect(host.err()).toContain(Object.keys(wrong)[0]);
  },
);

import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 40, tenants: 1, months: 1 });
});
afterAll(() => archive.drop());

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** The program with a standard error on a device that has no room. */
function startWithoutLog(args: readonly string[]) {
  const full = openSync("/dev/full", "w");
  return spawn(process.execPath, [main, ...args], {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", full],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: archive.databaseUrl,
      ELASTICSEARCH_HOSTS: archive.elasticsearchUrl,
      ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
    },
  });
}

test("a migration whose log finds no room ends as any other, with its report", async () => {
  const child = startWithoutLog(["elasticsearch", "migrate", "--json", "--log-level", "trace"]);
  const [stdout, [code]] = await Promise.all([text(child.stdout!), once(child, "close")]);
  expect({ code, report: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, report: { status: "completed" } });
});

test("a worker whose log finds no room goes on working", async () => {
  const schedule = ["elasticsearch", "retention", "schedule", "--cron", "* * * * * *", "--retention-days", "36500"];
  expect(await runAppHere(archive, [...schedule, "--yes"])).toMatchObject({ code: 0 });
  const child = startWithoutLog(["worker", "--log-level", "trace"]);
  const end = once(child, "close");
  try {
    for (;;) {
      const { stdout } = await runAppHere(archive, ["elasticsearch", "retention", "list", "--json"]);
      const { schedule: now } = JSON.parse(stdout) as { schedule: { lastRun: { state: string } | null } };
      if (now.lastRun?.state === "completed") break;
      expect(child.exitCode).toBeNull();
      await sleep(500);
    }
  } finally {
    child.kill("SIGTERM");
  }
  expect((await end)[0]).toBe(143);
});

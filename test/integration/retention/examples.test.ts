import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { nextTimes } from "../../../src/stores/postgres/jobs/cron.ts";
import { createRetentionArchive, indexExists, putIndex } from "../../support/retention-archive.ts";
import type { TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const examples = path.resolve("examples/retention");
const main = path.resolve("src/cli/main.ts");
const read = (name: string): Promise<string> => readFile(path.join(examples, name), "utf8");

let archive: TestArchive;
/** In the place of the clone under /opt/log-archive: the same npm script and a .env. */
let clone: string;
beforeAll(async () => {
  archive = await createRetentionArchive();
  clone = await mkdtemp(path.join(tmpdir(), "examples-"));
  await mkdir(path.join(clone, "log"));
  await writeFile(
    path.join(clone, "package.json"),
    JSON.stringify({ scripts: { app: `${process.execPath} ${main}` } }),
  );
  const { databaseUrl, elasticsearchUrl, prefix } = archive;
  await writeFile(
    path.join(clone, ".env"),
    `DATABASE_URL=${databaseUrl}\nELASTICSEARCH_HOSTS=${elasticsearchUrl}\nELASTICSEARCH_INDEX_PREFIX=${prefix}\n`,
  );
});
afterAll(async () => {
  await rm(clone, { recursive: true, force: true });
  await archive.drop();
});

const putOldIndex = (): Promise<string> =>
  putIndex(archive, {
    tenantId: "11111111-1111-4111-8111-111111111111",
    month: "2024-01",
    createdAt: ["2024-01-05T00:00:00Z"],
  });

/** The words of a command, with the program as it lies here. */
function programOf(words: readonly string[]): string[] {
  expect(words).toContain("dist/cli/main.js");
  return words.map((word) => (word === "dist/cli/main.js" ? main : word));
}

async function run(command: string, args: readonly string[]): Promise<number | null> {
  const child: ChildProcess = spawn(command, args, {
    cwd: clone,
    stdio: "ignore",
    env: { PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`, HOME: clone },
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

test("the line for cron has a time and a user, and its command sweeps unless the one before still does", async () => {
  const text = await read("log-archive-retention.cron");
  const line = text.split("\n").find((candidate) => /^[\d*]/.test(candidate))!;
  const [, time, user, command] = /^((?:\S+ +){4}\S+) +(\S+) +(.+)$/.exec(line)!;
  expect(user).toBe("log-archive");
  expect(command).not.toContain("%"); // cron makes a new line of it
  await withTestConnections(archive, {}, async ({ postgres }) => {
    const [next] = await nextTimes(postgres, { cron: time!, timezone: "UTC" }, 1, new Date("2026-01-01T00:00:00Z"));
    expect(next).toEqual(new Date("2026-01-01T03:00:00Z"));
  });
  const here = command!
    .replaceAll("/opt/log-archive", clone)
    .replaceAll("/var/log/log-archive", path.join(clone, "log"));

  const index = await putOldIndex();
  expect(await run("flock", [path.join(clone, ".retention.lock"), "sh", "-c", here])).not.toBe(0);
  expect(await indexExists(archive, index)).toBe(true);

  expect(await run("sh", ["-c", here])).toBe(0);
  expect(await indexExists(archive, index)).toBe(false);
  const report: unknown = JSON.parse(await readFile(path.join(clone, "log", "retention.log"), "utf8"));
  expect(report).toMatchObject({ status: "completed", totals: { deleted: { indices: 1 } } });
});

const knownKeys: Record<string, readonly string[]> = {
  Unit: ["Description", "Wants", "After", "StartLimitIntervalSec", "StartLimitBurst"],
  Service: [
    "Type",
    "User",
    "WorkingDirectory",
    "Environment",
    "ExecStart",
    "Restart",
    "RestartSec",
    "RestartPreventExitStatus",
    "SuccessExitStatus",
    "TimeoutStopSec",
    "NoNewPrivileges",
    "PrivateTmp",
  ],
  Timer: ["OnCalendar", "Persistent"],
  Install: ["WantedBy"],
};

/** Sections of a unit file. Throws for a line that is none of it, and for a key that systemd would ignore. */
function parseUnit(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section = "";
  for (const line of text.split("\n").filter((candidate) => candidate !== "" && !candidate.startsWith("#"))) {
    const head = /^\[(\w+)\]$/.exec(line)?.[1];
    if (head !== undefined) sections[(section = head)] = {};
    else {
      const [, key, value] = /^(\w+)=(.+)$/.exec(line)!;
      if (!knownKeys[section]!.includes(key!)) throw new Error(`${section} has no ${key}`);
      sections[section]![key!] = value!;
    }
  }
  return sections;
}

describe("the units for systemd", () => {
  test("have keys that systemd knows, and the command of the service sweeps", async () => {
    const service = parseUnit(await read("systemd/log-archive-retention.service"));
    const timer = parseUnit(await read("systemd/log-archive-retention.timer"));
    const worker = parseUnit(await read("systemd/log-archive-worker.service"));
    expect(service["Service"]).toMatchObject({ Type: "oneshot", WorkingDirectory: "/opt/log-archive" });
    expect(timer).toMatchObject({ Timer: { Persistent: "true" }, Install: { WantedBy: "timers.target" } });
    expect(worker["Service"]!["ExecStart"]).toMatch(/ worker$/);

    const [command, ...args] = programOf(service["Service"]!["ExecStart"]!.split(" "));
    const index = await putOldIndex();
    expect(await run(command!, args)).toBe(0);
    expect(await indexExists(archive, index)).toBe(false);
  });

  test.skipIf(!existsSync("/usr/bin/systemd-analyze"))("are verified by systemd-analyze", async () => {
    const folder = path.join(examples, "systemd");
    const units = (await readdir(folder)).map((name) => path.join(folder, name));
    const { stdout, stderr } = await promisify(execFile)("systemd-analyze", ["verify", "--man=no", ...units]);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
  });
});

const exitStatus = z.int().min(1).max(255);
const quantity = z.string().regex(/^\d+(Ki|Mi|Gi)$/);
const memory = z.strictObject({ memory: quantity });

/**
 * The fields that we use of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/ and no
 * other.
 */
const cronJob = z.strictObject({
  apiVersion: z.literal("batch/v1"),
  kind: z.literal("CronJob"),
  metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9-]{1,52}$/) }),
  spec: z.strictObject({
    schedule: z.string(),
    timeZone: z.string(),
    concurrencyPolicy: z.enum(["Allow", "Forbid", "Replace"]),
    startingDeadlineSeconds: z.int().min(10),
    successfulJobsHistoryLimit: z.int(),
    failedJobsHistoryLimit: z.int(),
    jobTemplate: z.strictObject({
      spec: z.strictObject({
        backoffLimit: z.int(),
        podFailurePolicy: z.strictObject({
          rules: z.array(
            z.strictObject({
              action: z.enum(["FailJob", "Ignore", "Count"]),
              onExitCodes: z.strictObject({
                containerName: z.literal("sweep"),
                operator: z.enum(["In", "NotIn"]),
                values: z.array(exitStatus),
              }),
            }),
          ),
        }),
        template: z.strictObject({
          spec: z.strictObject({
            restartPolicy: z.literal("Never"), // a podFailurePolicy demands it
            terminationGracePeriodSeconds: z.int(),
            containers: z.tuple([
              z.strictObject({
                name: z.literal("sweep"),
                image: z.string(),
                workingDir: z.string(),
                command: z.array(z.string()),
                args: z.array(z.string()),
                envFrom: z.array(z.strictObject({ secretRef: z.strictObject({ name: z.string() }) })),
                resources: z.strictObject({ requests: memory, limits: memory }),
              }),
            ]),
          }),
        }),
      }),
    }),
  }),
});

test("the CronJob has the fields of batch/v1, runs one at a time, and its command sweeps", async () => {
  const { spec } = cronJob.parse(parse(await read("cronjob.yaml")));
  expect(spec.concurrencyPolicy).toBe("Forbid");
  await withTestConnections(archive, {}, async ({ postgres }) => {
    const from = new Date("2026-01-01T00:00:00Z");
    const [next] = await nextTimes(postgres, { cron: spec.schedule, timezone: spec.timeZone }, 1, from);
    expect(next).toEqual(new Date("2026-01-01T19:00:00Z"));
  });
  const [container] = spec.jobTemplate.spec.template.spec.containers;
  const [command, ...args] = programOf([...container.command, ...container.args]);
  const index = await putOldIndex();
  expect(await run(command!, args)).toBe(0);
  expect(await indexExists(archive, index)).toBe(false);
});

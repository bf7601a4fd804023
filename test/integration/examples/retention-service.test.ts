import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { millisUntil } from "../../../examples/retention-service/schedule.ts";
import { createRetentionArchive, indexExists, putIndex } from "../../support/retention-archive.ts";
import type { TestArchive } from "../../support/test-archive.ts";

const tenants = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterAll(() => archive?.drop());

function start(...args: string[]) {
  const child = spawn(process.execPath, ["examples/retention-service/main.ts", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: archive.databaseUrl,
      ELASTICSEARCH_HOSTS: archive.elasticsearchUrl,
      ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
      RETENTION_DAYS: "30",
    },
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  return { child, output: () => output };
}

test("the guide's retention snippet cleans up every tenant, each data type, and leaves what is not due", async () => {
  const createdAt = ["2024-01-05T00:00:00Z"];
  const old = await Promise.all([
    putIndex(archive, { tenantId: tenants[0]!, month: "2024-01", createdAt }),
    putIndex(archive, { tenantId: tenants[0]!, month: "2024-01", dataType: "app_logs", createdAt }),
    putIndex(archive, { tenantId: tenants[1]!, month: "2024-01", dataType: "node_executions", createdAt }),
  ]);
  const month = new Date().toISOString().slice(0, "YYYY-MM".length);
  const young = await putIndex(archive, { tenantId: tenants[1]!, month, createdAt: [`${month}-01T00:00:00Z`] });
  const { child, output } = start();
  const [code] = (await once(child, "close")) as [number];
  expect(code, output()).toBe(0);
  for (const name of old) expect(output()).toContain(name);
  expect(await Promise.all(old.map((name) => indexExists(archive, name)))).toEqual([false, false, false]);
  expect(await indexExists(archive, young)).toBe(true);
});

test("every night it waits until it is told to stop", async () => {
  const { child, output } = start("03:00");
  while (!output().includes("Next clean-up")) await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
});

test.each([
  ["03:00", "2026-03-01T02:59:59.000Z", 1000],
  ["03:00", "2026-03-01T03:00:00.000Z", 86_400_000],
  ["00:30", "2026-12-31T23:30:00.000Z", 3_600_000],
])("until %s it is, at %s, %i ms", (time, now, expected) => {
  expect(millisUntil(time, new Date(now))).toBe(expected);
});

test("what is no time is refused", () => {
  for (const time of ["24:00", "3:00", "03:60", ""]) expect(() => millisUntil(time, new Date())).toThrow("no time");
});

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { type Import, startImport } from "./imports.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of the programs as a user has it, with its code, to its end. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const file = program === "app" ? "src/cli/main.ts" : `src/cli/bins/${program}.ts`;
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const shared = ({ runId, from, to }: Import): string[] => ["--run-id", runId, "--from", from, "--to", to];

test("R23 R24 R25 R26 the specification's commands and flags, in its order", async () => {
  const one = await startImport();
  await one.client.send("MSET", "a", "1", "b", "2");
  await one.client.send("HSET", "h", "f", "v");
  const limits = ["--max-concurrency", "32", "--max-rps", "2000", "--batch-keys", "200", "--ttl-mode", "preserve"];
  const found = await run("resplite-import", ["preflight", "--from", one.from, "--to", one.to]);
  expect(found.stdout).toContain("Key count (estimate): 3");
  expect(found.stdout).toContain("Recommended: --scan-count 1000 --max-concurrency 32 --max-rps 1000");
  expect(found.code).toBe(0);
  const bulk = await run("resplite-import", [
    "bulk",
    ...shared(one),
    "--scan-count",
    "1000",
    ...limits,
    "--batch-bytes",
    "64MB",
    "--resume",
  ]);
  expect(bulk.stdout).toMatch(/^Bulk complete:\n {2}scanned=3 migrated=3 skipped=0 errors=0 cursor=0$/m);
  expect(bulk.code).toBe(0);
  const status = await run("resplite-import", ["status", "--run-id", one.runId, "--to", one.to]);
  expect(status.stdout).toMatch(/^Run run_001: completed/);
  expect(status.stdout).toContain("dirty=0 applied=0 deleted=0 skipped=0 error=0");
  expect((await run("resplite-import", ["apply-dirty", ...shared(one), ...limits, "--safety-sweep"])).code).toBe(0);
  const verify = await run("resplite-import", ["verify", ...shared(one), "--sample", "100%"]);
  expect(verify.stdout).toMatch(/^Verify: sampled=3 matched=3 mismatches=0$/m);
  await one.client.send("SET", "a", "other");
  const differs = await run("resplite-import", ["verify", ...shared(one), "--full", "--json"]);
  expect(differs.code).toBe(3);
  expect(JSON.parse(differs.stdout)).toMatchObject({ mismatches: 1, first: [{ key: "a", difference: "value" }] });
});

test("R28 what is missing or unknown is named, ends with 1, and makes no file", async () => {
  const one = await startImport();
  const nothing = await run("resplite-import", ["bulk"]);
  expect(nothing.code).toBe(1);
  expect(nothing.stderr).toContain("--to");
  expect(nothing.stderr).toContain("--run-id");
  const unknown = await run("resplite-import", ["status", "--run-id", "nobody", "--to", one.to]);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining(`There is no file ${one.to}`) as string });
  expect(existsSync(one.to)).toBe(false);
  await run("resplite-import", ["bulk", ...shared(one)]);
  const other = await run("resplite-import", ["status", "--run-id", "nobody", "--to", one.to]);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("Run not found: nobody") as string });
  expect((await run("app", ["resplite", "bulk"])).code).toBe(2);
});

test("R27 pause, set, resume and abort reach a bulk import in another process", async () => {
  const one = await startImport();
  await one.client.send("MSET", ...Array.from({ length: 3000 }, (_, n) => [`key ${n}`, "x"]).flat());
  const importing = run("resplite-import", ["bulk", ...shared(one), "--max-rps", "100", "--batch-keys", "10"]);
  const target = ["--run-id", one.runId, "--to", one.to];
  const status = async (): Promise<{ status: string; scanned: number; atWork: string[] }> =>
    JSON.parse((await run("resplite-import", ["status", ...target, "--json"])).stdout) as never;
  for (;;) if ((await run("resplite-import", ["pause", ...target])).code === 0) break;
  const paused = async (): Promise<number> => {
    for (let before = -1; ;) {
      const { scanned } = await status();
      if (scanned === before) return scanned;
      before = scanned;
    }
  };
  const at = await paused();
  expect(at).toBeLessThan(3000);
  expect((await status()).status).toBe("paused");
  expect((await run("resplite-import", ["set", ...target, "--max-rps", "off", "--scan-count", "10"])).code).toBe(0);
  expect((await status()).scanned).toBe(at);
  expect((await run("resplite-import", ["resume", ...target])).code).toBe(0);
  const ended = await importing;
  expect(ended.code).toBe(0);
  expect(await status()).toMatchObject({ status: "completed", scanned: 3000, atWork: [] });
});

test("R29 the one-shot import, by URL or by host and port", async () => {
  const one = await startImport();
  await one.client.send("SET", "a", "1");
  const { port } = new URL(one.from);
  const byHost = ["--db", one.to, "--host", "127.0.0.1", "--port", port, "--pragma-template", "performance"];
  expect(await run("import-from-redis", byHost)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("migrated=1") as string,
  });
  const again = await run("import-from-redis", ["--db", one.to, "--redis-url", one.from, "--json"]);
  expect(JSON.parse(again.stdout)).toMatchObject({ command: "resplite import", end: "completed" });
  const fromEnvironment = await run("import-from-redis", ["--db", one.to], { RESPLITE_IMPORT_FROM: one.from });
  expect(fromEnvironment.code).toBe(0);
});

test("a password in the address is never printed or stored", async () => {
  const one = await startImport();
  await one.client.send("ACL", "SETUSER", "reader", "on", ">s3cret-pw", "~*", "&*", "+@all");
  const from = one.from.replace("redis://", "redis://reader:s3cret-pw@");
  const secret = { ...one, from };
  await one.client.send("SET", "a", "1");
  const outputs = [
    await run("resplite-import", ["preflight", "--from", from, "--to", one.to, "--json"]),
    await run("resplite-import", ["bulk", ...shared(secret), "--json"]),
    await run("resplite-import", ["verify", ...shared(secret), "--full"]),
    await run("resplite-import", ["status", "--run-id", one.runId, "--to", one.to, "--json"]),
    await run("resplite-import", [
      "bulk",
      ...shared({ ...secret, from: from.replace("s3cret-pw", "s3cret-pw-wrong") }),
    ]),
  ];
  expect(outputs.map(({ stdout, stderr }) => stdout + stderr).join("\n")).not.toContain("s3cret-pw");
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 1]);
});

import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { runCli } from "../../../../src/cli/run-cli.ts";
import { openData } from "../../../../src/resplite/data/data.ts";
import { fakeHost } from "../../../support/fake-host.ts";
import { applyOnce, bulkOnce, type Import, startImport, verifyOnce } from "./imports.ts";

async function app(...args: string[]): Promise<{ code: number; document: Record<string, unknown> }> {
  const host = fakeHost([...args, "--json"], { env: { STATE_FILE: "/nonexistent/state.db" } });
  const code = await runCli(host);
  return { code, document: JSON.parse(host.out()) as Record<string, unknown> };
}

/** What the report of every pipeline's run begins with. */
const head = {
  startedAt: expect.stringMatching(/Z$/) as string,
  finishedAt: expect.stringMatching(/Z$/) as string,
  seconds: expect.any(Number) as number,
};

/** An import of three keys, one of which its user may not read. */
async function withClosedKey(): Promise<{ one: Import; reader: Import }> {
  const one = await startImport();
  await one.client.send("MSET", "open:a", "1", "closed:b", "2", "open:c", "3");
  await one.client.send("ACL", "SETUSER", "reader", "on", ">pw", "~open:*", "&*", "+@all");
  const reader = { ...one, from: one.from.replace("redis://", "redis://reader:pw@") };
  await bulkOnce(reader);
  return { one, reader };
}

test("app runs --to asks the file of an import, and names it", async () => {
  const { one } = await withClosedKey();
  await bulkOnce({ ...one, runId: "run_002" });
  const to = ["--to", one.to];
  const { document, code } = await app("runs", "list", ...to);
  expect(code).toBe(0);
  expect(document["runs"]).toEqual([
    expect.objectContaining({ id: "run_002", home: one.to, command: "resplite bulk", status: "completed" }),
    expect.objectContaining({ id: "run_001", home: one.to, status: "completed" }),
  ]);
  expect(await app("runs", "show", "run_001", ...to)).toMatchObject({ code: 0, document: { id: "run_001" } });
  expect(await app("runs", "show", "run_00", ...to)).toMatchObject({
    code: 2,
    document: { error: { code: "unknown_run" } },
  });
  for (const verb of ["pause", "resume", "abort"])
    expect(await app("runs", verb, "run_001", ...to)).toMatchObject({ document: { error: { code: "run_ended" } } });
});

test("app runs pause, set, resume and abort reach a bulk import that is at work", async () => {
  const one = await startImport();
  await one.client.send("MSET", ...Array.from({ length: 3000 }, (_, n) => [`key ${n}`, "x"]).flat());
  const importing = bulkOnce(one, { maxRps: 100, batchKeys: 10 });
  const ask = (...args: string[]) => app("runs", ...args, one.runId, "--to", one.to);
  const waiting = async (): Promise<unknown> => (await ask("show")).document["waiting"];
  while ((await ask("pause")).code !== 0) await sleep(20);
  await expect.poll(waiting, { timeout: 20_000 }).toBe("paused");
  expect(await app("runs", "set", one.runId, "--to", one.to, "--max-rps", "200")).toMatchObject({
    code: 0,
    document: { home: one.to, limits: { recordsPerSecond: 200 } },
  });
  expect(await ask("resume")).toMatchObject({ code: 0, document: { requested: { state: "running" } } });
  expect(await ask("abort")).toMatchObject({ code: 0, document: { requested: { state: "aborted" } } });
  expect(await importing).toMatchObject({ end: "interrupted" });
  expect(await ask("show")).toMatchObject({ document: { status: "interrupted" } });
});

test("app runs --to leaves a file that is no destination as it is, and makes none", async () => {
  const one = await startImport();
  expect(await app("runs", "list", "--to", one.to)).toMatchObject({
    code: 2,
    document: { error: { code: "no_such_file" } },
  });
  openData(one.to).close();
  const tables = (): unknown[] => {
    using file = new DatabaseSync(one.to, { readOnly: true });
    return file.prepare("SELECT name FROM sqlite_schema ORDER BY name").all();
  };
  const before = tables();
  expect(await app("runs", "list", "--to", one.to)).toMatchObject({ code: 0, document: { runs: [] } });
  expect(tables()).toEqual(before);
});

test("resplite errors lists keys that could not be copied; retry copies them, discard leaves them out", async () => {
  const { one, reader } = await withClosedKey();
  const target = ["--run-id", one.runId, "--to", one.to];
  expect(await app("resplite", "errors", "list", ...target)).toMatchObject({
    code: 0,
    document: {
      total: 1,
      byType: { bulk: 1 },
      errors: [{ id: "closed:b", type: "bulk", attempts: 1, reason: expect.stringContaining("NOPERM") as string }],
    },
  });
  expect(await app("resplite", "errors", "retry", ...target, "--from", reader.from)).toMatchObject({
    code: 3,
    document: { ...head, command: "resplite errors retry", runId: one.runId, end: "completed_with_errors" },
  });
  expect(await app("resplite", "errors", "list", ...target)).toMatchObject({
    document: { byType: { dirty_apply: 1 }, errors: [{ id: "closed:b", attempts: 2 }] },
  });
  expect(await app("resplite", "errors", "discard", ...target)).toMatchObject({
    document: { error: { code: "confirmation_needed" } },
  });
  expect(await app("resplite", "errors", "discard", ...target, "--yes")).toMatchObject({ document: { discarded: 1 } });
  expect(await app("resplite", "errors", "list", ...target)).toMatchObject({ document: { total: 0, errors: [] } });
  expect(await applyOnce(one)).toMatchObject({ applied: 0, failed: 0 });
  expect(await verifyOnce(one)).toMatchObject({ status: "mismatch" }); // what was left out is not hidden
});

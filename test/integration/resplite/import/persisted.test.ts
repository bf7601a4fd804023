import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { runCli } from "../../../../src/cli/run-cli.ts";
import { openData } from "../../../../src/resplite/data/data.ts";
import { noProgress } from "../../../../src/runs/progress.ts";
import { bulk, importDefaults } from "../../../../src/resplite/import/bulk.ts";
import { fakeHost } from "../../../support/fake-host.ts";
import { applyOnce, bulkOnce, type Import, startImport, startTracking, verifyOnce } from "./imports.ts";

async function app(...args: string[]): Promise<{ code: number; out: string }> {
  const host = fakeHost(args, { env: { STATE_FILE: "/nonexistent/state.db" } });
  const code = await runCli(host);
  return { code, out: host.out() };
}

/** What any program finds that opens the file. */
function stored({ to, runId }: Import): { run: Record<string, unknown>; report: Record<string, unknown> } {
  using file = new DatabaseSync(to, { readOnly: true });
  const run = file.prepare("SELECT * FROM migration_runs WHERE run_id = ?").get(runId)!;
  const details = file.prepare("SELECT report FROM migration_run_details WHERE run_id = ?").get(runId)!;
  return { run, report: JSON.parse(details["report"] as string) as Record<string, unknown> };
}

const rates = { keysPerSecond: expect.any(Number) as number, bytesPerSecond: expect.any(Number) as number };

test("R17 R51 bulk and apply-dirty print counts, cursor, rates, errors and checkpoint, and leave them in the file", async () => {
  const one = await startImport();
  const { client } = one;
  await client.send("MSET", "open:a", "1", "open:b", "1", "open:c", "1", "closed:d", "1");
  await client.send("ACL", "SETUSER", "reader", "on", ">pw", "~open:*", "&*", "+@all");
  const from = one.from.replace("redis://", "redis://reader:pw@");
  const flags = ["--run-id", one.runId, "--from", from, "--to", one.to];
  const tracker = await startTracking(one);

  const copied = await app("resplite", "bulk", ...flags);
  expect(copied.code).toBe(3);
  expect(copied.out).toMatch(/scanned=4 migrated=3 skipped=0 errors=1 cursor=0\n/);
  expect(copied.out).toMatch(/migrated bytes 21 B, \d+ keys\/s, .*B\/s, \d+\.\d s\n/);
  expect(copied.out).toMatch(/checkpoint \d{4}-.*Z\n {2}error \d{4}-.*Z bulk closed:d: NOPERM/);
  const afterBulk = stored(one);
  expect(afterBulk.run).toMatchObject({
    scanned_keys: 4,
    migrated_keys: 3,
    migrated_bytes: 21,
    error_keys: 1,
    scan_cursor: "0",
  });
  expect(afterBulk.report).toMatchObject({
    scanned: 4,
    cursor: "0",
    ...rates,
    recentErrors: [{ key: "closed:d" }],
    checkpointAt: expect.stringMatching(/Z$/) as string,
  });

  await client.send("SET", "open:a", "2");
  await client.send("SET", "open:a", "3");
  await client.send("DEL", "open:b");
  await client.send("SET", "open:new", "1");
  const applied = await app("resplite", "apply-dirty", ...flags);
  // of the four that were noted one may not be read
  expect(applied.out).toMatch(/dirty keys: seen=4 applied=2 deleted=1 waiting=0\n/);
  expect(applied.out).toMatch(/\d+ keys\/s, .*B\/s/);
  expect(stored(one).run).toMatchObject({ dirty_keys_seen: 4, dirty_keys_applied: 2, dirty_keys_deleted: 1 });
  expect(stored(one).report).toMatchObject({ ...rates, dirty: { seen: 4, applied: 2, deleted: 1, waiting: 0 } });
  expect((await app("resplite", "status", "--run-id", one.runId, "--to", one.to)).out).toMatch(
    /dirty keys: seen=4 applied=2 deleted=1 waiting=0\n {2}checkpoint/,
  );
  await tracker.stop();
});

test("R51 a bulk import that was stopped has left its cursor and what it counted up to there", async () => {
  const one = await startImport();
  await one.client.send("MSET", ...Array.from({ length: 2000 }, (_, n) => [`key ${n}`, "x"]).flat());
  const stop = new AbortController();
  let seen = 0;
  const progress = {
    ...noProgress,
    advanced: (_: string, keys: number) => void ((seen += keys) > 200 && stop.abort()),
  };
  const options = { ...importDefaults, maxRps: undefined, batchKeys: 10, maxConcurrency: 1, scanCount: 50 };
  const report = await bulk({ ...options, ...one, resume: true }, { signal: stop.signal, progress });
  expect(report.end).toBe("interrupted");
  const { run } = stored(one);
  expect(run).toMatchObject({ scanned_keys: seen, migrated_keys: seen, scan_cursor: report.cursor });
  expect(run["scan_cursor"]).not.toBe("0");
  using file = new DatabaseSync(one.to, { readOnly: true });
  expect(file.prepare("SELECT count(*) AS keys FROM redis_keys").get()).toEqual({ keys: seen });
});

/** The tables as the specification has them, whose defaults are in double quotes. */
const original = `
  CREATE TABLE migration_runs (run_id TEXT PRIMARY KEY, source_uri TEXT NOT NULL, started_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    status TEXT NOT NULL, scan_cursor TEXT NOT NULL DEFAULT "0", scan_count_hint INTEGER NOT NULL DEFAULT 1000,
    scanned_keys INTEGER NOT NULL DEFAULT 0, migrated_keys INTEGER NOT NULL DEFAULT 0, skipped_keys INTEGER NOT NULL DEFAULT 0,
    error_keys INTEGER NOT NULL DEFAULT 0, migrated_bytes INTEGER NOT NULL DEFAULT 0, dirty_keys_seen INTEGER NOT NULL DEFAULT 0,
    dirty_keys_applied INTEGER NOT NULL DEFAULT 0, dirty_keys_deleted INTEGER NOT NULL DEFAULT 0, last_error TEXT);
  CREATE TABLE migration_dirty_keys (run_id TEXT NOT NULL, key BLOB NOT NULL, first_seen_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
    events_count INTEGER NOT NULL DEFAULT 1, last_event TEXT, state TEXT NOT NULL DEFAULT "dirty", PRIMARY KEY (run_id, key));
  INSERT INTO migration_runs (run_id, source_uri, started_at, updated_at, status) VALUES ("run_001", "", 1, 1, "running");
  INSERT INTO migration_dirty_keys (run_id, key, first_seen_at, last_seen_at, last_event) VALUES ("run_001", x'61', 1, 1, "set")`;

test("R20 a whole migration asks nothing in double quotes, also in a file that another program began with them", async () => {
  const one = await startImport();
  {
    using file = new DatabaseSync(one.to, { enableDoubleQuotedStringLiterals: true });
    file.exec(original);
    file.prepare("UPDATE migration_runs SET source_uri = ?").run(new URL(one.from).href);
  }
  {
    using data = openData(one.to);
    expect(() => data.file.prepare('SELECT * FROM migration_dirty_keys WHERE state = "dirty"')).toThrow(
      /no such column/,
    );
  }
  await one.client.send("MSET", "a", "1", "b", "1");
  await one.client.send("RPUSH", "l", "1", "2");
  const tracker = await startTracking(one);
  await bulkOnce(one);
  await one.client.send("DEL", "b");
  const target = ["--run-id", one.runId, "--to", one.to];
  for (const verb of ["pause", "resume"]) await app("resplite", verb, ...target);
  expect(await applyOnce(one, { safetySweep: true })).toMatchObject({ applied: 1, deleted: 1, failed: 0 });
  expect((await app("resplite", "errors", "list", ...target)).code).toBe(0);
  expect((await app("resplite", "errors", "discard", ...target, "--yes")).code).toBe(0);
  expect((await app("runs", "list", "--to", one.to)).code).toBe(0);
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 2 });
  await app("resplite", "preflight", "--from", one.from, "--to", one.to);
  await tracker.stop();
});

test("R54 one worker at a time copies a run: a second call waits for the first, and none is counted twice", async () => {
  const one = await startImport();
  await one.client.send("MSET", ...Array.from({ length: 300 }, (_, n) => [`key ${n}`, "x"]).flat());
  const order: string[] = [];
  const call = (name: string) => {
    const progress = { ...noProgress, advanced: () => void order.push(name) };
    const options = { ...importDefaults, maxRps: 1000, batchKeys: 20, scanCount: 1000, resume: true };
    return bulk({ ...options, ...one }, { signal: new AbortController().signal, progress });
  };
  const [first, second] = await Promise.all([call("first"), call("second")]);
  expect([first.end, second.end]).toEqual(["completed", "completed"]);
  const turns = order.filter((name, at) => name !== order[at - 1]);
  expect(turns).toHaveLength(2);
  expect(stored(one).run).toMatchObject({ status: "completed", scanned_keys: 600, migrated_keys: 600 });
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 300 });
});

test("R54 a key that became a type without a place in the file leaves it, and no delta is promised without a tracker", async () => {
  const one = await startImport();
  await one.client.send("MSET", "becomes a stream", "1", "stays", "1");
  await bulkOnce(one);
  await one.client.send("DEL", "becomes a stream");
  await one.client.send("XADD", "becomes a stream", "*", "f", "v");
  await one.client.send("PFADD", "counts", "a", "b"); // a string to Redis
  const flags = ["--run-id", one.runId, "--from", one.from, "--to", one.to];
  const delta = await app("resplite", "apply-dirty", ...flags);
  expect(delta.code).toBe(3);
  expect(delta.out).toContain("No tracker ever listened in this run: what changed is not known");
  expect(await bulkOnce(one, { resume: false })).toMatchObject({ skipped: 1 });
  using data = openData(one.to);
  expect(data.keys.find(Buffer.from("becomes a stream")).kind).toBe(0);
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 2, unsupported: 1 });
});

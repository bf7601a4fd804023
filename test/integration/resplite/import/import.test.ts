import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { noProgress } from "../../../../src/runs/progress.ts";
import { openData } from "../../../../src/resplite/data/data.ts";
import { partBytes } from "../../../../src/resplite/import/source/fetch-values.ts";
import { ErrorLog } from "../../../../src/resplite/import/error-log.ts";
import { openImportFile } from "../../../../src/resplite/import/import-file.ts";
import { preflight } from "../../../../src/resplite/import/preflight.ts";
import { DirtyRegistry } from "../../../../src/resplite/import/tracker/dirty-keys.ts";
import { findRun } from "../../../../src/resplite/import/run-record.ts";
import { isTracking, stopTracker } from "../../../../src/resplite/import/tracker/tracker.ts";
import { applyOnce, bulkOnce, type Import, startImport, startTracking, verifyOnce } from "./imports.ts";

const bytes = (...codes: number[]): Buffer => Buffer.from(codes);
const odd = [bytes(0), bytes(0xff, 0xfe, 0), Buffer.from("schlüssel 你好 \r\n"), Buffer.from(" "), bytes(0xc3, 0x28)];

async function fillWithHostileValues({ client }: Import): Promise<void> {
  const send = (...args: (string | Buffer)[]): Promise<unknown> => client.send(...args);
  for (const [at, key] of odd.entries()) {
    await send("SET", Buffer.concat([Buffer.from("s:"), key]), key);
    await send("HSET", Buffer.concat([Buffer.from("h:"), key]), key, odd[(at + 1) % odd.length]!, "", "");
    await send("SADD", Buffer.concat([Buffer.from("t:"), key]), ...odd, "");
    await send("RPUSH", Buffer.concat([Buffer.from("l:"), key]), ...odd, ...odd, "");
    await send("ZADD", Buffer.concat([Buffer.from("z:"), key]), "-inf", key, "inf", "inf", "0.1", "x", "1e300", "y");
    await send("ZADD", Buffer.concat([Buffer.from("z:"), key]), "9007199254740993", "z", "5e-324", "w", "-0.0", "v");
  }
  await send("SET", "", "the empty key");
  await send("SET", "expires", "1", "PX", "100000");
  await send("SET", "empty", "");
  await send("RPUSH", "long list", ...Array.from({ length: 5000 }, (_, at) => `item ${at}`));
}

test("R41 R43 every type comes over byte for byte, with its time to live", async () => {
  const one = await startImport();
  await fillWithHostileValues(one);
  const report = await bulkOnce(one);
  expect(report).toMatchObject({
    end: "completed",
    status: "completed",
    scanned: 29,
    migrated: 29,
    skipped: 0,
    errors: 0,
  });
  expect(await verifyOnce(one)).toMatchObject({ status: "match", sampled: 29, matched: 29, mismatches: 0 });
  using data = openData(one.to);
  expect(data.strings.get(Buffer.from("s:\0"))).toEqual(bytes(0));
  expect(data.zsets.score(Buffer.from("z:\0"), bytes(0))).toBe(Number.NEGATIVE_INFINITY);
  expect(data.lists.range(Buffer.from("long list"), 4999, 4999)).toEqual([Buffer.from("item 4999")]);
  const { expiresAt } = data.keys.find(Buffer.from("expires"));
  expect(Math.abs(expiresAt - Date.now() - 100_000)).toBeLessThan(20_000);
});

test("R42 a stream is skipped and counted, and is no mismatch", async () => {
  const one = await startImport();
  await one.client.send("XADD", "stream", "*", "a", "b");
  await one.client.send("SET", "a", "1");
  expect(await bulkOnce(one)).toMatchObject({ scanned: 2, migrated: 1, skipped: 1 });
  expect(await verifyOnce(one)).toMatchObject({ status: "match", sampled: 2, matched: 1, unsupported: 1 });
});

test("values that are too large for one request come in parts, whole", async () => {
  const one = await startImport();
  const field = "v".repeat(1000);
  for (let at = 0; at < 4000; at += 500) {
    const some = Array.from({ length: 500 }, (_, n) => at + n);
    await one.client.send("HSET", "big hash", ...some.flatMap((n) => [`field ${n}`, field]));
    await one.client.send("SADD", "big set", ...some.map((n) => `${field}${n}`));
    await one.client.send("ZADD", "big zset", ...some.flatMap((n) => [String(n / 3), `${field}${n}`]));
    await one.client.send("RPUSH", "big list", ...some.map((n) => `${field}${n}`));
  }
  await one.client.send("SETRANGE", "big string", String(9 * partBytes), "end");
  await one.client.send("PEXPIRE", "big list", "500000");
  expect(await bulkOnce(one)).toMatchObject({ end: "completed", migrated: 5, errors: 0 });
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 5 });
  using data = openData(one.to);
  expect(data.hashes.count(Buffer.from("big hash"))).toBe(4000);
  expect(data.lists.range(Buffer.from("big list"), 3999, 3999)[0]!.toString()).toBe(`${field}3999`);
  expect(data.keys.find(Buffer.from("big list")).expiresAt).toBeGreaterThan(Date.now());
});

test("R47 importing again replaces keys, of which nothing stays, and does not append to lists", async () => {
  const one = await startImport();
  const { client } = one;
  await client.send("RPUSH", "l", "a", "b");
  await client.send("HSET", "h", "old", "1", "kept", "1");
  await client.send("SADD", "t", "old", "kept");
  await client.send("SET", "changes its type", "1");
  await bulkOnce(one);
  await client.send("HDEL", "h", "old");
  await client.send("SREM", "t", "old");
  await client.send("DEL", "changes its type");
  await client.send("RPUSH", "changes its type", "now a list");
  await bulkOnce(one, { resume: false });
  expect(await verifyOnce(one)).toMatchObject({ status: "match" });
});

test("R44 R45 R46 R48 a bulk import that is stopped goes on at its page, whichever batch it was at", async () => {
  const one = await startImport();
  for (let at = 0; at < 3000; at += 1000)
    await one.client.send("MSET", ...Array.from({ length: 1000 }, (_, n) => [`key ${at + n}`, "x"]).flat());
  for (let calls = 0; ; calls++) {
    expect(calls).toBeLessThan(200);
    const stop = new AbortController();
    const running = bulkOnce(one, { batchKeys: 7, scanCount: 100, maxConcurrency: 3 }, stop.signal);
    setTimeout(() => stop.abort(), 100 + 50 * calls);
    if ((await running).end === "completed") break;
    using data = openImportFile(one.to);
    expect(findRun(data.file, one.runId)!.status).toBe("aborted");
  }
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 3000 });
});

test("R41 R46 many small batches in flight, of all types and sizes, are all written", async () => {
  const one = await startImport();
  const sent: Promise<unknown>[] = [];
  for (let at = 0; at < 6000; at++) {
    if (at % 3 === 0) sent.push(one.client.send("SET", `key ${at}`, "v".repeat(at % 700)));
    else if (at % 3 === 1)
      sent.push(one.client.send("RPUSH", `key ${at}`, ...Array.from({ length: at % 50 }, String), "x"));
    else sent.push(one.client.send("HSET", `key ${at}`, "f", "v".repeat(at % 3000)));
  }
  await Promise.all(sent);
  const report = await bulkOnce(one, { batchKeys: 13, scanCount: 500, maxConcurrency: 32, batchBytes: 300_000 });
  expect(report).toMatchObject({ scanned: 6000, migrated: 6000, skipped: 0, errors: 0 });
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 6000 });
});

test("a cursor of a Redis that was restarted since is not gone on with", async () => {
  const one = await startImport(["--appendonly", "yes"]);
  await one.client.send("MSET", ...Array.from({ length: 2000 }, (_, n) => [`key ${n}`, "x"]).flat());
  const stop = new AbortController();
  const first = bulkOnce(one, { batchKeys: 10, scanCount: 10, maxRps: 1000 }, stop.signal);
  setTimeout(() => stop.abort(), 500);
  expect((await first).end).toBe("interrupted");
  await one.redis.restart();
  await bulkOnce(one);
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 2000 });
});

test("R36 R38 R49 what a tracker notes is applied: changes, deletions, expiries, and keys that came back", async () => {
  const one = await startImport();
  const { client } = one;
  for (const key of ["stays", "changes", "goes", "expires", "comes back", "renamed"])
    await client.send("SET", key, "old");
  const tracker = await startTracking(one);
  await bulkOnce(one);
  await client.send("SET", "changes", "new");
  await client.send("DEL", "goes");
  await client.send("PEXPIRE", "expires", "1");
  await client.send("DEL", "comes back");
  await client.send("RPUSH", "comes back", "as a list");
  await client.send("RENAME", "renamed", "its new name");
  await client.send("EXPIRE", "stays", "1000");
  while ((await client.send("EXISTS", "expires")) !== 0) await client.send("PING");
  expect(await verifyOnce(one)).toMatchObject({ status: "mismatch" });
  const report = await applyOnce(one);
  expect(report).toMatchObject({ end: "completed", deleted: 3, failed: 0, gaps: [], sweep: null });
  expect(report.dirty.waiting).toBe(0);
  expect(await verifyOnce(one)).toMatchObject({ status: "match", mismatches: 0 });
  expect((await tracker.stop()).events).toBeGreaterThanOrEqual(8);
});

test("R37 the registry has one row a key, and counts its events", async () => {
  const one = await startImport();
  const tracker = await startTracking(one);
  for (let n = 0; n < 5; n++) await one.client.send("INCR", "counter");
  await one.client.send("DEL", "counter");
  using data = openImportFile(one.to);
  const registry = new DirtyRegistry(data.file, one.runId);
  while (registry.eventsOf(Buffer.from("counter")) < 6) await sleep(10);
  await tracker.stop();
  const row = data.file.prepare("SELECT * FROM migration_dirty_keys").all();
  expect(row).toMatchObject([{ run_id: one.runId, events_count: 6, last_event: "del", state: "deleted" }]);
});

test("an event that comes while its key is applied keeps the key waiting", async () => {
  using data = openImportFile(":memory:");
  const registry = new DirtyRegistry(data.file, "r");
  const key = Buffer.from("k");
  registry.note(key, "set", false, 1);
  const [[pending]] = [...registry.pages(10, () => 10)] as [[{ key: Buffer; events: number }]];
  registry.note(key, "set", false, 2);
  registry.settle(pending, "applied");
  expect(registry.waiting()).toBe(1);
  registry.settle({ key, events: registry.eventsOf(key) }, "applied");
  expect(registry.waiting()).toBe(0);
});

test("a key that has expired in both does not wait", async () => {
  const one = await startImport();
  const tracker = await startTracking(one);
  const key = Buffer.from("expires");
  const registry = (file: DatabaseSync): DirtyRegistry => new DirtyRegistry(file, one.runId);
  await one.client.send("SET", key, "1", "PX", "1500");
  await bulkOnce(one);
  using data = openImportFile(one.to);
  while ((await one.client.send("EXISTS", key)) !== 0) await sleep(10);
  while (registry(data.file).counts().deleted === 0) await sleep(10);
  expect(data.file.prepare("SELECT count(*) AS keys FROM redis_keys").get()).toEqual({ keys: 1 });
  expect(registry(data.file).waiting()).toBe(0);
  await tracker.stop();
});

test("what is noted while everything is compared is applied before the end", async () => {
  const one = await startImport();
  const { client } = one;
  await client.send("SET", "a", "1");
  await (await startTracking(one)).stop();
  await bulkOnce(one);
  const tracker = await startTracking(one); // it was away meanwhile
  let late: Promise<unknown> | undefined;
  const advanced = (): void => void (late ??= client.send("SET", "a", "2")); // it has just been compared
  const report = await applyOnce(one, {}, undefined, { ...noProgress, advanced });
  await late;
  expect(report.sweep).not.toBeNull();
  expect(report.dirty.waiting).toBe(0);
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 1 });
  await tracker.stop();
});

test("R35 keyspace channels do as well", async () => {
  const one = await startImport(["--notify-keyspace-events", "KA"]);
  await one.client.send("SET", "a:b:c", "1");
  const tracker = await startTracking(one, "keyspace");
  await bulkOnce(one);
  await one.client.send("SET", "a:b:c", "2");
  await one.client.send("SET", Buffer.from([0xff, 0x3a]), "2");
  await applyOnce(one);
  await tracker.stop();
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 2 });
});

test.each([
  ["", "E"],
  ["Kgxe", "E"],
  ["Egxshlzt", "$"],
])('R33 R34 a tracker refuses a source that sends "%s", and names what lacks', async (flags, missing) => {
  const one = await startImport(["--notify-keyspace-events", flags]);
  await expect(startTracking(one)).rejects.toMatchObject({
    code: "notifications_off",
    message: expect.stringContaining(missing) as string,
    hint: expect.stringContaining("CONFIG SET notify-keyspace-events EA") as string,
  });
});

test("R31 R32 stop ends a tracker of another process' making; one listens at a time", async () => {
  const one = await startImport();
  const tracker = await startTracking(one);
  expect(isTracking(one.to, one.runId)).toBe(true);
  await expect(startTracking(one)).rejects.toMatchObject({ code: "tracker_at_work" });
  expect(await stopTracker(one.to, one.runId)).toBe(true);
  expect(isTracking(one.to, one.runId)).toBe(false);
  await tracker.stop();
  expect(await stopTracker(one.to, one.runId)).toBe(false);
  await (await startTracking(one)).stop();
});

test("a tracker that was away is noticed, and everything is compared", async () => {
  const one = await startImport();
  const { client } = one;
  await client.send("MSET", "a", "1", "b", "1", "c", "1");
  const first = await startTracking(one);
  await bulkOnce(one);
  await first.stop();
  await client.send("SET", "a", "2");
  await client.send("DEL", "b");
  const second = await startTracking(one);
  await client.send("SET", "c", "2");
  const report = await applyOnce(one);
  expect(report.gaps).toHaveLength(1);
  expect(report.sweep).toMatchObject({ end: "completed", repaired: 2 });
  expect(await verifyOnce(one)).toMatchObject({ status: "match" });
  expect(await applyOnce(one)).toMatchObject({ gaps: [], sweep: null });
  await second.stop();
});

test("R39 a tracker whose connection is cut connects again, says so in the file, and what it missed is found", async () => {
  const one = await startImport();
  const { client } = one;
  await client.send("MSET", "a", "1", "b", "1");
  const tracker = await startTracking(one);
  await bulkOnce(one);
  await client.send("CLIENT", "KILL", "TYPE", "pubsub");
  await client.send("SET", "a", "2"); // while nobody listens
  const said = (): string[] => {
    using data = openImportFile(one.to);
    return new ErrorLog(data.file, one.runId).newest(5).map(({ message }) => message);
  };
  await expect.poll(said, { timeout: 10_000 }).toEqual([expect.stringContaining("lost its connection")]);
  await expect.poll(() => isTracking(one.to, one.runId), { timeout: 10_000 }).toBe(true);
  await client.send("INCR", "b");

  const report = await applyOnce(one);
  expect(report.gaps).toHaveLength(1);
  expect(report.sweep).toMatchObject({ end: "completed" });
  expect(await verifyOnce(one)).toMatchObject({ status: "match", matched: 2 });
  expect((await tracker.stop()).reconnections).toBe(1);
});

test("R50 without tracker the delta finds nothing, the safety sweep everything", async () => {
  const one = await startImport();
  await one.client.send("MSET", "a", "1", "b", "1");
  await bulkOnce(one);
  await one.client.send("SET", "a", "2");
  await one.client.send("DEL", "b");
  expect(await applyOnce(one)).toMatchObject({ applied: 0, wasTracked: false, sweep: null });
  expect(await verifyOnce(one)).toMatchObject({ mismatches: 2, byDifference: { value: 1, extra: 1 } });
  expect(await applyOnce(one, { safetySweep: true })).toMatchObject({ sweep: { repaired: 2 } });
  expect(await verifyOnce(one)).toMatchObject({ status: "match" });
});

test("R52 verify names what differs: type, time to live, value, missing and extra", async () => {
  const one = await startImport();
  const { client } = one;
  await client.send("MSET", "type", "1", "ttl", "1", "value", "1", "extra", "1");
  await client.send("ZADD", "score", "1", "m");
  await bulkOnce(one);
  await client.send("DEL", "type", "extra");
  await client.send("SADD", "type", "1");
  await client.send("EXPIRE", "ttl", "100");
  await client.send("SET", "value", "2");
  await client.send("SET", "missing", "1");
  await client.send("ZADD", "score", "1.0000000000000002", "m");
  const full = await verifyOnce(one);
  expect(full).toMatchObject({
    status: "mismatch",
    level: "full",
    byDifference: { type: 1, ttl: 1, value: 2, missing: 1, extra: 1 },
  });
  expect(full.first).toContainEqual({ key: "extra", difference: "extra" });
  expect(await verifyOnce(one, { sample: 1 })).toMatchObject({ mismatches: 6, level: "sample" });
});

test("R40 the database of the address is imported and tracked, no other", async () => {
  const one = await startImport();
  const two = { ...one, from: `${one.from}/2` };
  await one.client.send("SET", "of 0", "1");
  await one.client.send("SELECT", "2");
  await one.client.send("SET", "of 2", "1");
  const tracker = await startTracking(two);
  expect(await bulkOnce(two)).toMatchObject({ scanned: 1, migrated: 1 });
  await one.client.send("SET", "of 2", "2");
  await applyOnce(two);
  expect(await verifyOnce(two)).toMatchObject({ status: "match", matched: 1 });
  await expect(bulkOnce(one)).rejects.toMatchObject({ code: "other_source" });
  await tracker.stop();
});

test("R22 preflight tells what there is and what is in the way", async () => {
  const one = await startImport(["--notify-keyspace-events", "Kgxe"]);
  await one.client.send("SET", "a", "1");
  await one.client.send("XADD", "stream", "*", "a", "b");
  const found = await preflight(one);
  expect(found).toMatchObject({
    keys: 2,
    types: { string: 1, stream: 1 },
    notifications: "gxeK",
    recommended: { scanCount: 1000, maxConcurrency: 32, maxRps: 1000 },
  });
  expect(found.findings.map(({ level }) => level)).toEqual(["warning", "problem"]);
});

test("hashes with fields that expire by themselves are a finding of preflight and of bulk", async () => {
  const one = await startImport();
  await one.client.send("HSET", "hash", "a", "1");
  await using redis = await newerRedis(one.from);
  const found = await preflight({ ...one, from: redis.url });
  expect(found.findings).toEqual([
    expect.objectContaining({ level: "warning", message: expect.stringContaining("2 hashes have fields") as string }),
  ]);
  const report = await bulkOnce({ ...one, from: redis.url });
  expect(report).toMatchObject({ end: "completed_with_errors", migrated: 1, errors: 0, hashesWithFieldTtls: 2 });
});

/** Passes everything on, and counts hashes with such fields in INFO as Redis 7.4 does. */
async function newerRedis(url: string): Promise<AsyncDisposable & { url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), "127.0.0.1");
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => {}));
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      const answer = chunk.toString("latin1").replace("expires=0,avg_ttl=0", "exp=000,subexpiry=2"); // of one length
      client.write(answer, "latin1");
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("R19 a key that this user may not read is an error of that key alone, and is tried again by the delta", async () => {
  const one = await startImport();
  await one.client.send("MSET", "open:a", "1", "closed:b", "2");
  await one.client.send("ACL", "SETUSER", "reader", "on", ">pw", "~open:*", "&*", "+@all");
  const url = one.from.replace("redis://", "redis://reader:pw@");
  const report = await bulkOnce({ ...one, from: url });
  expect(report).toMatchObject({ end: "completed_with_errors", migrated: 1, errors: 1 });
  expect(report.recentErrors[0]).toMatchObject({
    key: "closed:b",
    stage: "bulk",
    message: expect.stringContaining("NOPERM") as string,
  });
  expect(await applyOnce(one)).toMatchObject({ applied: 1, failed: 0 });
  expect(await verifyOnce(one)).toMatchObject({ status: "match" });
});

test("a cluster, a wrong address and another scheme are refused before anything is made", async () => {
  const one = await startImport(["--cluster-enabled", "yes"]);
  await expect(bulkOnce(one)).rejects.toMatchObject({ code: "source_not_standalone" });
  await expect(bulkOnce({ ...one, from: "redis://127.0.0.1:1" })).rejects.toMatchObject({ code: "redis_unreachable" });
  await expect(bulkOnce({ ...one, from: "redis+sentinel://a,b/mymaster" })).rejects.toMatchObject({
    code: "invalid_redis_url",
  });
});

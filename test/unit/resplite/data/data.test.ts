import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { type Data, openData } from "../../../../src/resplite/data/data.ts";
import { kinds } from "../../../../src/resplite/data/entry.ts";
import { ensureMigrationTables } from "../../../../src/resplite/data/schema.ts";
import { deleteKey, replaceKey, ReplacementInParts } from "../../../../src/resplite/data/stored-value.ts";
import { temporaryFile } from "../../../support/resplite/data-file.ts";

const b = (text: string): Buffer => Buffer.from(text, "latin1");
const every = Buffer.from(Array.from({ length: 256 }, (_, at) => at));

/** All of them fail in a language that takes bytes for text. */
const oddBytes = [b(""), b("\0"), b("a\0b"), b("a\0c"), b("\xff\xfe"), b("\xc3\x28"), every, Buffer.from("é", "utf8")];

function open(path = temporaryFile()): Data {
  return openData(path);
}

test("R16, R21: keys, fields, members and values are bytes, in every kind", () => {
  using data = open();
  for (const key of oddBytes) {
    data.strings.set(key, every, 0);
    expect(data.strings.get(key)).toEqual(every);
    deleteKey(data, key);
    data.hashes.set(
      key,
      oddBytes.flatMap((field) => [field, every]),
    );
    expect(data.hashes.getAll(key)).toEqual(oddBytes.flatMap((field) => [field, every]));
    deleteKey(data, key);
    data.sets.add(key, oddBytes);
    expect(data.sets.all(key)).toEqual(oddBytes);
    deleteKey(data, key);
    data.lists.push(key, "right", oddBytes);
    expect(data.lists.range(key, 0, -1)).toEqual(oddBytes);
    deleteKey(data, key);
    data.zsets.add(
      key,
      oddBytes.map((member) => [member, 1]),
    );
    const members = data.zsets.byRank(key, 0, -1, false).map(([member]) => member);
    expect(members).toEqual(oddBytes.toSorted((one, other) => one.compare(other))); // equal scores: by their bytes
    deleteKey(data, key);
  }
  data.commit();
  expect(data.keys.size()).toBe(0);
});

test("R5: what was committed is there in another process, and nothing of what was not", () => {
  const path = temporaryFile();
  {
    using data = open(path);
    data.transaction(() => data.strings.set(b("kept"), b("1"), 0));
    data.strings.set(b("lost"), b("1"), 0);
  }
  using again = open(path);
  expect(again.strings.get(b("kept"))).toEqual(b("1"));
  expect(again.strings.get(b("lost"))).toBeUndefined();
});

test("a transaction that throws leaves nothing, neither in the file nor in the cache", () => {
  using data = open();
  data.transaction(() => data.strings.set(b("k"), b("old"), 0));
  const failing = (): void =>
    data.transaction(() => {
      data.strings.set(b("k"), b("new"), 0);
      data.lists.push(b("l"), "left", [b("x")]);
      throw new Error("no");
    });
  expect(failing).toThrow("no");
  data.begin();
  expect(data.strings.get(b("k"))).toEqual(b("old"));
  expect(data.lists.length(b("l"))).toBe(0);
  expect(data.keys.size()).toBe(1);
});

test("what another process writes is seen at the next begin", () => {
  const path = temporaryFile();
  using one = open(path);
  using two = open(path);
  one.transaction(() => one.strings.set(b("k"), b("1"), 0));
  two.begin();
  expect(two.strings.get(b("k"))).toEqual(b("1"));
  one.transaction(() => one.strings.set(b("k"), b("2"), 0));
  two.begin();
  expect(two.strings.get(b("k"))).toEqual(b("2"));
  expect(two.transaction(() => two.strings.incrBy(b("k"), 1))).toBe(3);
});

test("R16: the last member takes the key with it, and its time to live", () => {
  using data = open();
  const key = b("k");
  const cases: [add: () => unknown, remove: () => unknown][] = [
    [() => data.hashes.set(key, [b("f"), b("v")]), () => data.hashes.delete(key, [b("f"), b("g")])],
    [() => data.sets.add(key, [b("m")]), () => data.sets.delete(key, [b("m")])],
    [() => data.lists.push(key, "right", [b("v")]), () => data.lists.pop(key, "left", 1)],
    [() => data.zsets.add(key, [[b("m"), 1]]), () => data.zsets.delete(key, [b("m")])],
  ];
  for (const [add, remove] of cases) {
    data.transaction(() => {
      add();
      data.keys.expireAt(data.keys.find(key), data.keys.now + 100_000);
    });
    data.transaction(remove);
    expect(data.keys.find(key)).toMatchObject({ kind: kinds.none, expiresAt: 0, hasRow: false });
    expect(tables(data)).toEqual({ keys: 0, strings: 0, hashes: 0, sets: 0, list_meta: 0, list_items: 0, zsets: 0 });
  }
});

test("R5: a key that has expired is not there, is swept, and its leftovers are no part of a new one", () => {
  const path = temporaryFile();
  using data = open(path);
  data.transaction(() => {
    data.hashes.set(b("h"), [b("old"), b("1")]);
    data.keys.expireAt(data.keys.find(b("h")), data.keys.now + 50);
    data.strings.set(b("s"), b("1"), data.keys.now + 50);
    data.strings.set(b("stays"), b("1"), data.keys.now + 100_000);
  });
  data.keys.now += 49;
  expect(data.hashes.count(b("h"))).toBe(1);
  data.keys.now += 1;
  expect(data.hashes.count(b("h"))).toBe(0);
  expect(data.keys.scan(0, 10).keys.map(({ key }) => key)).toEqual([b("stays")]);
  data.hashes.set(b("h"), [b("new"), b("1")]);
  data.commit();
  expect(data.hashes.getAll(b("h"))).toEqual([b("new"), b("1")]);
  expect(data.keys.find(b("h")).expiresAt).toBe(0);
  expect(data.keys.sweep(100)).toBe(1);
  data.commit();
  expect(tables(data)).toMatchObject({ keys: 2, strings: 1, hashes: 1 });
});

test("R47: replacing leaves nothing of what the key held, whatever its kind", () => {
  using data = open();
  const values = [
    { kind: kinds.string, value: b("v") },
    { kind: kinds.hash, pairs: [b("f"), b("1"), b("g"), b("2")] },
    { kind: kinds.set, members: [b("a"), b("b")] },
    { kind: kinds.list, values: [b("a"), b("a"), b("b")] },
    { kind: kinds.zset, scored: [[b("a"), 1.5]] as [Buffer, number][] },
  ] as const;
  for (const before of values) {
    for (const after of values) {
      replaceKey(data, b("k"), before, 0);
      replaceKey(data, b("k"), after, 4_000_000_000_000);
      replaceKey(data, b("k"), after, 5_000_000_000_000);
      expect(data.keys.find(b("k"))).toMatchObject({ kind: after.kind, expiresAt: 5_000_000_000_000 });
      expect(valueOf(data, b("k"), after.kind)).toEqual(after);
      const { keys, strings, list_meta, ...children } = tables(data);
      expect([keys, strings, list_meta]).toEqual([1, Number(after.kind === 1), Number(after.kind === 4)]);
      expect(Object.values(children).filter((count) => count > 0).length).toBe(Number(after.kind !== 1));
    }
  }
});

test("R47: a value replaced in parts is not there until it is finished, then whole", () => {
  const path = temporaryFile();
  using data = open(path);
  using other = open(path);
  replaceKey(data, b("k"), { kind: kinds.string, value: b("old") }, 0);
  const replacement = new ReplacementInParts(data, b("k"), kinds.list, 4_000_000_000_000);
  replacement.append({ kind: kinds.list, values: [b("1"), b("2")] });
  other.begin();
  expect(other.keys.find(b("k")).kind).toBe(kinds.none);
  expect(data.lists.length(b("k"))).toBe(0);
  data.transaction(() => {
    replacement.append({ kind: kinds.list, values: [b("3")] });
    replacement.append({ kind: kinds.list, values: [b("4")] });
    replacement.finish();
  });
  other.begin();
  for (const each of [data, other]) {
    expect(each.lists.range(b("k"), 0, -1)).toEqual(["1", "2", "3", "4"].map(b));
    expect(each.keys.find(b("k")).expiresAt).toBe(4_000_000_000_000);
  }
});

test("R6: a field that is set twice at once counts once, and holds the last value", () => {
  using data = open();
  const pairs = ["f", "1", "f", "2", "g", "1", "g", "3"].map(b);
  expect(data.hashes.set(b("h"), pairs)).toBe(2);
  expect(data.hashes.set(b("h"), pairs)).toBe(0);
  expect(data.hashes.getAll(b("h"))).toEqual(["f", "2", "g", "3"].map(b));
  expect(data.hashes.count(b("h"))).toBe(2);
});

test("R47: members that come twice in parts count once; without any the key is not there", () => {
  using data = open();
  const hash = new ReplacementInParts(data, b("h"), kinds.hash, 0);
  hash.append({ kind: kinds.hash, pairs: [b("f"), b("1"), b("g"), b("1")] });
  hash.append({ kind: kinds.hash, pairs: [b("g"), b("2")] });
  hash.finish();
  expect(data.hashes.getAll(b("h"))).toEqual(["f", "1", "g", "2"].map(b));
  expect(data.keys.find(b("h")).expiresAt).toBe(0);
  replaceKey(data, b("z"), { kind: kinds.string, value: b("old") }, 0);
  new ReplacementInParts(data, b("z"), kinds.zset, 0).finish();
  expect(data.keys.find(b("z")).kind).toBe(kinds.none);
});

test("R48: a replacement in parts that a crash ended is swept, and one that another took says so", () => {
  const path = temporaryFile();
  {
    using data = open(path);
    const dead = new ReplacementInParts(data, b("k"), kinds.set, 0);
    dead.append({ kind: kinds.set, members: [b("a")] });
  }
  using data = open(path);
  expect(data.keys.find(b("k")).kind).toBe(kinds.none);
  expect(data.transaction(() => data.keys.sweep(10))).toBe(1);
  expect(tables(data)).toMatchObject({ keys: 0, sets: 0 });
  const taken = new ReplacementInParts(data, b("k"), kinds.set, 0);
  data.transaction(() => data.sets.add(b("k"), [b("theirs")]));
  expect(() => taken.append({ kind: kinds.set, members: [b("a")] })).toThrow(/another process/);
  expect(data.sets.all(b("k"))).toEqual([b("theirs")]);
});

test("reads in parts give every member once, in the order of bytes", () => {
  using data = open();
  const members = oddBytes.toSorted((one, other) => one.compare(other));
  replaceKey(data, b("h"), { kind: kinds.hash, pairs: oddBytes.flatMap((field) => [field, field]) }, 0);
  replaceKey(data, b("s"), { kind: kinds.set, members: oddBytes }, 0);
  replaceKey(data, b("z"), { kind: kinds.zset, scored: oddBytes.map((member, at) => [member, -at]) }, 0);
  replaceKey(data, b("str"), { kind: kinds.string, value: every }, 0);
  const all = <Part>(part: (after: Buffer | undefined) => Part[], member: (part: Part) => Buffer): Buffer[] => {
    const found: Part[] = [];
    for (;;) {
      const last = found.at(-1);
      const next = part(last === undefined ? undefined : member(last));
      if (next.length === 0) return found.map(member);
      found.push(...next);
    }
  };
  expect(
    all(
      (after) => data.hashes.part(b("h"), after, 3),
      ([field]) => field,
    ),
  ).toEqual(members);
  expect(
    all(
      (after) => data.sets.part(b("s"), after, 3),
      (member) => member,
    ),
  ).toEqual(members);
  expect(
    all(
      (after) => data.zsets.part(b("z"), after, 3),
      ([member]) => member,
    ),
  ).toEqual(members);
  expect(Buffer.concat([0, 100, 200].map((at) => data.strings.part(b("str"), at, 100)))).toEqual(every);
  expect(data.strings.part(b("str"), 256, 100)).toEqual(b(""));
  const keys = [];
  for (let last: Buffer | undefined, more = true; more;) {
    const page = data.keys.after(last, 2);
    keys.push(...page.keys.map(({ key }) => key.toString()));
    last = page.last;
    more = last !== undefined;
  }
  expect(keys).toEqual(["h", "s", "str", "z"]);
});

test("R11: a scan gives every key that stays exactly once, whatever is added and deleted meanwhile", () => {
  using data = open();
  const staying = Array.from({ length: 95 }, (_, at) => `stays:${at}`);
  data.transaction(() => {
    for (const name of staying) {
      data.strings.set(b(name), b("1"), 0);
      data.strings.set(b(`goes:${name}`), b("1"), 0);
    }
  });
  const seen: string[] = [];
  let cursor = 0;
  let round = 0;
  do {
    const page = data.keys.scan(cursor, 10);
    seen.push(...page.keys.map(({ key }) => key.toString()));
    cursor = page.cursor;
    data.transaction(() => {
      data.strings.set(b(`new:${(round += 1)}`), b("1"), 0);
      for (const name of staying.slice(0, 30)) deleteKey(data, b(`goes:${name}`));
      data.strings.set(b("stays:7"), b("2"), 0);
    });
  } while (cursor !== 0);
  expect(seen.filter((name) => name.startsWith("stays:")).toSorted()).toEqual(staying.toSorted());
  expect(round).toBeLessThan(30);
});

test("R21: tables of version 1.0.4 by their names, and those of a migration with the defaults of R17 and R18", () => {
  using data = open();
  ensureMigrationTables(data.file);
  data.file
    .exec(`INSERT INTO migration_runs (run_id, source_uri, started_at, updated_at, status) VALUES ('r', 'u', 1, 1, 'running');
    INSERT INTO migration_dirty_keys (run_id, key, first_seen_at, last_seen_at) VALUES ('r', x'00ff', 1, 1)`);
  expect(data.file.prepare("SELECT * FROM migration_runs").get()).toMatchObject({
    scan_cursor: "0",
    scan_count_hint: 1000,
    scanned_keys: 0,
    dirty_keys_deleted: 0,
    last_error: null,
  });
  expect(data.file.prepare("SELECT * FROM migration_dirty_keys").get()).toMatchObject({
    events_count: 1,
    state: "dirty",
  });
});

test("R18: a file whose defaults were written in double quotes, as the original writes them, works", () => {
  const path = temporaryFile();
  {
    using file = new DatabaseSync(path, { enableDoubleQuotedStringLiterals: true });
    file.exec(
      `CREATE TABLE migration_dirty_keys (run_id TEXT NOT NULL, key BLOB NOT NULL, first_seen_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
         events_count INTEGER NOT NULL DEFAULT 1, last_event TEXT, state TEXT NOT NULL DEFAULT "dirty", PRIMARY KEY (run_id, key))`,
    );
  }
  using data = open(path);
  ensureMigrationTables(data.file);
  data.file.exec(
    "INSERT INTO migration_dirty_keys (run_id, key, first_seen_at, last_seen_at) VALUES ('r', x'00', 1, 1)",
  );
  expect(data.file.prepare("SELECT state FROM migration_dirty_keys").get()).toMatchObject({ state: "dirty" });
});

test("R21: in a file of version 1.5 counts that we made wrong are NULL, which that version counts anew; fields expire", () => {
  const path = temporaryFile();
  {
    using data = open(path);
    data.file
      .exec(`ALTER TABLE redis_keys ADD COLUMN set_count INTEGER; ALTER TABLE redis_keys ADD COLUMN hash_count INTEGER;
      ALTER TABLE redis_keys ADD COLUMN zset_count INTEGER;
      CREATE TABLE redis_hash_field_ttl (key BLOB NOT NULL, field BLOB NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (key, field));
      INSERT INTO redis_keys (key, type, hash_count, updated_at) VALUES (x'68', 2, 3, 1), (x'69', 2, 1, 1);
      INSERT INTO redis_keys (key, type, set_count, updated_at) VALUES (x'73', 3, 1, 1);
      INSERT INTO redis_sets VALUES (x'73', x'61');
      INSERT INTO redis_hashes VALUES (x'68', x'61', x'31'), (x'68', x'62', x'32'), (x'68', x'63', x'33'), (x'69', x'61', x'31');
      INSERT INTO redis_hash_field_ttl VALUES (x'68', x'61', 1), (x'68', x'62', 9000000000000), (x'69', x'61', 1)`);
  }
  using data = open(path);
  const counts = (): unknown[] =>
    data.file
      .prepare("SELECT hash_count, set_count FROM redis_keys ORDER BY key")
      .all()
      .map((row) => Object.values(row));
  data.begin();
  expect(data.hashes.getAll(b("h"))).toEqual(["b", "2", "c", "3"].map(b));
  expect(data.hashes.get(b("i"), b("a"))).toBeUndefined(); // the last field takes the key with it
  data.sets.add(b("s"), [b("b")]);
  data.hashes.set(b("h"), [b("b"), b("4")]);
  data.commit();
  expect(data.keys.size()).toBe(2);
  expect(counts()).toEqual([
    [null, null],
    [null, null],
  ]);
  expect(data.file.prepare("SELECT * FROM redis_hash_field_ttl").all()).toEqual([]);
});

test("the cache stays within its limits and loses nothing that was not written", () => {
  using data = openData(temporaryFile(), { cache: { entries: 20, bytes: 50_000 } });
  const value = Buffer.alloc(1_000, 1);
  for (let round = 0; round < 10; round += 1) {
    data.begin();
    for (let at = 0; at < 30; at += 1) data.lists.push(b(`${round}:${at}`), "right", [value]);
    for (let at = 0; at < 30; at += 1) data.strings.set(b(`s${round}:${at}`), value, 0);
    data.commit();
    expect(data.keys.cache.size).toBeLessThanOrEqual(20);
    expect(data.keys.cache.bytes).toBeLessThanOrEqual(50_000);
  }
  for (let at = 0; at < 300; at += 1) {
    const name = `${Math.trunc(at / 30)}:${at % 30}`;
    expect(data.lists.range(b(name), 0, -1)).toEqual([value]);
    expect(data.strings.get(b(`s${name}`))).toEqual(value);
  }
});

function valueOf(data: Data, key: Buffer, kind: number): unknown {
  if (kind === kinds.string) return { kind, value: data.strings.get(key) };
  if (kind === kinds.hash) return { kind, pairs: data.hashes.getAll(key) };
  if (kind === kinds.set) return { kind, members: data.sets.all(key) };
  if (kind === kinds.list) return { kind, values: data.lists.range(key, 0, -1) };
  return { kind, scored: data.zsets.byRank(key, 0, -1, false) };
}

function tables(data: Data): Record<string, number> {
  const names = ["keys", "strings", "hashes", "sets", "list_meta", "list_items", "zsets"];
  const count = (name: string): number =>
    data.file.prepare(`SELECT count(*) AS n FROM redis_${name}`).get()!["n"] as number;
  return Object.fromEntries(names.map((name) => [name, count(name)]));
}

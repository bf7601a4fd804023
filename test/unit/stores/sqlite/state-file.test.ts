import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteLocks } from "../../../../src/stores/sqlite/sqlite-locks.ts";
import { openExistingStateFile, openStateFile } from "../../../../src/stores/sqlite/state-file.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "log-archive-"));
  file = path.join(folder, "state.db");
});
afterEach(() => rm(folder, { recursive: true }));

test("what is written soon is seen by others at once, and the next write waits for the disk again", async () => {
  using one = await openStateFile(file);
  using two = await openStateFile(file);
  const save = "insert into checkpoints values (?, '{}', '2026-01-01')";
  await one.writeSoon((db) => db.prepare(save).run("a"));
  await expect(
    one.writeSoon((db) => {
      db.prepare(save).run("b");
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  const found = await two.read((db) => db.prepare("select scope from checkpoints").all());
  expect(found.map(({ scope }) => scope)).toEqual(["a"]);
  expect(await one.read((db) => db.prepare("pragma synchronous").get())).toEqual({ synchronous: 2 });
  await one.flush();
});

test("many who open it at once find it made once", async () => {
  const files = await Promise.all(Array.from({ length: 8 }, () => openStateFile(file)));
  for (const state of files) {
    expect(await state.read((db) => db.prepare("select count(*) as runs from runs").get())).toEqual({ runs: 0 });
    state.close();
  }
});

test("it is not made by looking for it", async () => {
  expect(await openExistingStateFile(file)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test("a database of another program, a file that is none, and a folder are refused and left alone", async () => {
  {
    using other = new DatabaseSync(file);
    other.exec("create table notes (text)");
  }
  await expect(openStateFile(file)).rejects.toMatchObject({ code: "not_a_state_file" });
  {
    using other = new DatabaseSync(file);
    expect(other.prepare("select name from sqlite_schema").all()).toEqual([{ name: "notes" }]);
    expect(other.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "delete" });
  }
  const text = path.join(folder, "notes.txt");
  await writeFile(text, "no database\n".repeat(100));
  await expect(openStateFile(text)).rejects.toMatchObject({ code: "not_a_state_file" });
  await expect(openStateFile(folder)).rejects.toMatchObject({ code: "state_file" });
  await expect(openStateFile("state.db")).rejects.toMatchObject({ code: "state_file" });
});

test("one that a newer program made is refused", async () => {
  (await openStateFile(file)).close();
  {
    using newer = new DatabaseSync(file);
    newer.exec("insert into schema_versions values ('0009_more')");
  }
  await expect(openStateFile(file)).rejects.toMatchObject({ code: "state_newer" });
});

test("a change is whole or not at all", async () => {
  using state = await openStateFile(file);
  const broken = state.write((db) => {
    db.exec("insert into checkpoints values ('a', '1', '')");
    throw new Error("in its midst");
  });
  await expect(broken).rejects.toThrow("in its midst");
  expect(await state.read((db) => db.prepare("select count(*) as found from checkpoints").get())).toEqual({ found: 0 });
});

test("who writes waits for another process, and the event loop goes on meanwhile", async () => {
  using state = await openStateFile(file);
  using other = new DatabaseSync(file);
  other.exec("begin immediate");
  let turns = 0;
  const ticks = setInterval(() => turns++, 5);
  setTimeout(() => other.exec("commit"), 300);
  await state.write((db) => db.exec("insert into checkpoints values ('a', '1', '')"));
  clearInterval(ticks);
  expect(turns).toBeGreaterThan(3);
});

test("locks are lost when the file is taken away under them", async () => {
  using state = await openStateFile(file);
  const locks = await SqliteLocks.open(state);
  expect(await locks.tryLock("a")).toBe(true);
  await rename(file, `${file}.old`);
  await expect.poll(() => locks.lost.aborted, { timeout: 10_000 }).toBe(true);
  expect(locks.lost.reason).toMatchObject({ code: "state_file_lost" });
  locks.close();
});

test("nothing but the file is left when all have closed", async () => {
  const state = await openStateFile(file);
  const [one, two] = [await SqliteLocks.open(state), await SqliteLocks.open(state)];
  expect((await readdir(folder)).filter((name) => name.includes("session"))).toHaveLength(2);
  for (const locks of [one, two]) locks.close();
  state.close();
  expect(await readdir(folder)).toEqual(["state.db"]);
});

import { writeFileSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openSqliteFile } from "../../../../src/stores/sqlite/file.ts";
import { pragmaTemplate, pragmaTemplates } from "../../../../src/stores/sqlite/pragmas.ts";
import { temporaryFile } from "../../../support/resplite/data-file.ts";

test("R30: templates set what they name, and foreign keys are enforced with each", () => {
  const found = pragmaTemplates.map((template) => {
    using file = openSqliteFile(temporaryFile(), { template });
    const read = (name: string): unknown => Object.values(file.prepare(`PRAGMA ${name}`).get()!)[0];
    const names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "wal_autocheckpoint", "locking_mode"];
    return [template, ...names.map(read)];
  });
  expect(found).toEqual([
    ["default", "wal", 1, 1, 5000, 1000, "normal"],
    ["performance", "wal", 0, 1, 5000, 2000, "exclusive"],
    ["safety", "wal", 2, 1, 5000, 1000, "normal"],
    ["minimal", "wal", 2, 1, 0, 1000, "normal"],
    ["none", "delete", 2, 1, 0, 1000, "normal"],
  ]);
});

test("R30: a shared file can be had by two processes also with the template performance", () => {
  const path = temporaryFile();
  using one = openSqliteFile(path, { template: "performance", shared: true });
  one.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  using two = openSqliteFile(path, { template: "performance", shared: true });
  two.exec("INSERT INTO t VALUES (2)");
  expect(one.prepare("SELECT count(*) AS n FROM t").get()).toMatchObject({ n: 2 });
});

test("R30: without shared, performance keeps others out, and they are told why", () => {
  const path = temporaryFile();
  using one = openSqliteFile(path, { template: "performance" });
  one.exec("CREATE TABLE t (a)");
  expect(() => openSqliteFile(path, { template: "none" })).toThrow(
    expect.objectContaining({ code: "sqlite_unusable", hint: expect.stringContaining("performance") }),
  );
});

test("R30: an unknown template is refused with the names there are", () => {
  expect(() => pragmaTemplate("fast")).toThrow(
    expect.objectContaining({ hint: "Take one of default, performance, safety, minimal, none." }),
  );
  expect(pragmaTemplate("safety")).toBe("safety");
});

test("a file that is not SQLite's is named and left as it is", () => {
  const path = temporaryFile("notes.txt");
  writeFileSync(path, "these are no pages of a database, but they are as long as a header of one would be ".repeat(20));
  const before = readFileSync(path);
  expect(() => openSqliteFile(path)).toThrow(
    expect.objectContaining({ code: "sqlite_unusable", message: expect.stringContaining(path) }),
  );
  expect(readFileSync(path)).toEqual(before);
});

test("a missing folder is named", () => {
  expect(() => openSqliteFile("/nowhere/at/all.db")).toThrow(
    expect.objectContaining({ code: "sqlite_unusable", hint: expect.stringContaining("folder") }),
  );
});

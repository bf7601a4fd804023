import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { temporaryFile } from "../../support/resplite/data-file.ts";
import { RawClient } from "../../support/resplite/raw-client.ts";
import type { Reply } from "../../support/resplite/resp-replies.ts";
import { serverHere } from "../../support/resplite/server-here.ts";

/** Texts and numbers without their types. */
function plain([type, value]: Reply): unknown {
  if (Array.isArray(value)) return (value as Reply[]).map(plain);
  return type === ":" ? Number(value) : value;
}

async function opened(db = temporaryFile()): Promise<{ call: (...args: string[]) => Promise<unknown>; db: string }> {
  const { port } = await serverHere({ db });
  const client = await RawClient.open(port);
  return { db, call: async (...args) => plain(await client.call(...args)) };
}

test("R10: documents are added, found, replaced and deleted, also after a restart", async () => {
  const { call, db } = await opened();
  expect(await call("FT.CREATE", "names", "SCHEMA", "payload", "TEXT", "city", "TEXT")).toBe("OK");
  expect(await call("FT.ADD", "names", "DY1O2", "1", "REPLACE", "FIELDS", "payload", "martin clasen")).toBe("OK");
  expect(await call("FT.ADD", "names", "D2", "1", "FIELDS", "payload", "clase mayor", "city", "Bcn")).toBe("OK");
  expect(await call("FT.ADD", "names", "D2", "1", "FIELDS", "payload", "x")).toBe("ERR document exists");
  expect(await call("FT.SEARCH", "names", "clasen*", "NOCONTENT", "LIMIT", "0", "25")).toEqual([1, "DY1O2"]);
  expect(await call("FT.SEARCH", "names", "clas* bcn")).toEqual([1, "D2", ["city", "Bcn", "payload", "clase mayor"]]);
  expect(await call("FT.ADD", "names", "D2", "2", "REPLACE", "FIELDS", "payload", "otra cosa")).toBe("OK");
  expect(await call("FT.SEARCH", "names", "clase")).toEqual([0]);
  expect(await call("FT.SEARCH", "names", "OTRA")).toEqual([1, "D2", ["payload", "otra cosa"]]);
  expect(await call("FT.DEL", "names", "DY1O2")).toBe(1);
  expect(await call("FT.DEL", "names", "DY1O2")).toBe(0);
  const { call: again } = await opened(db);
  expect(await again("FT.SEARCH", "names", "cosa", "NOCONTENT")).toEqual([1, "D2"]);
  expect(await again("FT.SEARCH", "names", "martin", "NOCONTENT")).toEqual([0]);
  const facts = (await again("FT.INFO", "names")) as unknown[];
  expect(facts.slice(0, 10)).toEqual([
    "index_name",
    "names",
    "fields",
    ["city", "payload"],
    "num_docs",
    1,
    "fts_rows",
    1,
    "num_suggestions",
    0,
  ]);
});

test("R10: the best come first, by BM25 and the document's score, in pages with the total", async () => {
  const { call } = await opened();
  await call("FT.CREATE", "i", "SCHEMA", "payload", "TEXT");
  await call("FT.ADD", "i", "often", "1", "FIELDS", "payload", "apple apple apple");
  await call("FT.ADD", "i", "once", "1", "FIELDS", "payload", "apple and much else that is no fruit at all");
  await call("FT.ADD", "i", "boosted", "100", "FIELDS", "payload", "apple and much else that is no fruit at all");
  for (let at = 0; at < 20; at += 1) await call("FT.ADD", "i", `other${at}`, "1", "FIELDS", "payload", "pear");
  expect(await call("FT.SEARCH", "i", "apple", "NOCONTENT")).toEqual([3, "boosted", "often", "once"]);
  expect(await call("FT.SEARCH", "i", "apple", "NOCONTENT", "LIMIT", "1", "1")).toEqual([3, "often"]);
  expect(await call("FT.SEARCH", "i", "apple", "LIMIT", "0", "0")).toEqual([3]);
  expect(((await call("FT.SEARCH", "i", "pear", "NOCONTENT")) as unknown[]).length).toBe(11);
});

test("R10: suggestions are ordered by score, and their wildcards are letters", async () => {
  const { call } = await opened();
  await call("FT.CREATE", "i", "SCHEMA", "payload", "TEXT");
  expect(await call("FT.SUGADD", "i", "hello", "1")).toBe(1);
  expect(await call("FT.SUGADD", "i", "help", "3", "PAYLOAD", "p")).toBe(1);
  expect(await call("FT.SUGADD", "i", "h%lp_", "2")).toBe(1);
  expect(await call("FT.SUGADD", "i", "hello", "1.5", "INCR")).toBe(0);
  expect(await call("FT.SUGGET", "i", "hel")).toEqual(["help", "hello"]);
  expect(await call("FT.SUGGET", "i", "h", "MAX", "2", "WITHSCORES", "WITHPAYLOADS")).toEqual([
    "help",
    "3",
    "p",
    "hello",
    "2.5",
    "",
  ]);
  expect(await call("FT.SUGGET", "i", "h%")).toEqual(["h%lp_"]);
  expect(await call("FT.SUGGET", "i", "hel", "FUZZY")).toBe("ERR not supported yet");
  expect(await call("FT.SUGDEL", "i", "help")).toBe(1);
  expect(await call("FT.SUGDEL", "i", "help")).toBe(0);
});

const refused: [args: string[], error: string][] = [
  [["FT.CREATE", "i", "SCHEMA", "payload", "TEXT"], "ERR index already exists"],
  [["FT.CREATE", "I", "SCHEMA", "payload", "TEXT"], "ERR index already exists"],
  [["FT.CREATE", "i_docsize", "SCHEMA", "payload", "TEXT"], "ERR index already exists"],
  [["FT.CREATE", "1x", "SCHEMA", "payload", "TEXT"], "ERR invalid index name"],
  [["FT.CREATE", 'x";drop', "SCHEMA", "payload", "TEXT"], "ERR invalid index name"],
  [["FT.CREATE", "n"], "ERR syntax error"],
  [["FT.CREATE", "n", "payload", "TEXT"], "ERR syntax error"],
  [["FT.CREATE", "n", "SCHEMA", "payload"], "ERR syntax error"],
  [["FT.CREATE", "n", "SCHEMA", "payload", "TEXT", "rank", "TEXT"], "ERR syntax error"],
  [["FT.CREATE", "n", "SCHEMA", "payload", "NUMERIC"], "ERR unsupported field type"],
  [["FT.CREATE", "n", "SCHEMA", "title", "TEXT"], "ERR payload field required"],
  [["FT.INFO", "none"], "Unknown index name"],
  [["FT.SEARCH", "none", "x"], "Unknown index name"],
  [["FT.ADD", "none", "d", "1", "FIELDS", "payload", "x"], "Unknown index name"],
  [["FT.ADD", "i", "d", "1", "payload", "x"], "ERR syntax error"],
  [["FT.ADD", "i", "d", "1", "FIELDS", "payload"], "ERR syntax error"],
  [["FT.ADD", "i", "d", "1", "FIELDS", "title", "x"], "ERR unknown field"],
  [["FT.ADD", "i", "d", "abc", "FIELDS", "payload", "x"], "ERR invalid score"],
  [["FT.ADD", "i", "d", "1", "FIELDS", "payload", "\xff\xfe"], "ERR invalid field value"],
  [["FT.ADD", "i", "", "1", "FIELDS", "payload", "x"], "ERR syntax error"],
  [["FT.SEARCH", "i", ""], "ERR invalid query"],
  [["FT.SEARCH", "i", 'a" OR payload:b'], "ERR invalid query"],
  [["FT.SEARCH", "i", "payload:x"], "ERR invalid query"],
  [["FT.SEARCH", "i", "x", "LIMIT", "-1", "5"], "ERR invalid limit"],
  [["FT.SEARCH", "i", "x", "LIMIT", "0"], "ERR invalid limit"],
  [["FT.SEARCH", "i", "x", "LIMIT", "0", "1001"], "ERR invalid limit"],
  [["FT.SEARCH", "i", "x", "WITHSCORES"], "ERR syntax error"],
  [["FT.SUGADD", "i", "t", "x"], "ERR invalid score"],
  [["FT.SUGADD", "i", "t", "1", "NOW"], "ERR syntax error"],
  [["FT.DEL", "i"], "ERR wrong number of arguments for 'ft.del' command"],
];

test.each(refused)("R10: %j is refused and changes nothing", async (args, error) => {
  const { call } = await opened();
  await call("FT.CREATE", "i", "SCHEMA", "payload", "TEXT");
  expect(await call(...args)).toBe(error);
  expect(((await call("FT.INFO", "i")) as unknown[]).slice(4, 10)).toEqual([
    "num_docs",
    0,
    "fts_rows",
    0,
    "num_suggestions",
    0,
  ]);
});

test("R10: words of FTS5's own language are words, and letters of all languages are letters", async () => {
  const { call } = await opened();
  await call("FT.CREATE", "a:b-c", "SCHEMA", "payload", "TEXT");
  const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  await call("FT.ADD", "a:b-c", "d", "1", "FIELDS", "payload", utf8("this or that and not near café 你好"));
  for (const query of ["or", "AND not", "NEAR", utf8("café"), utf8("你好"), "cafe*"]) {
    expect([query, await call("FT.SEARCH", "a:b-c", query, "NOCONTENT")]).toEqual([query, [1, "d"]]);
  }
});

test("R10: a document may be replaced a thousand times, and what it held before is not found", async () => {
  const { call, db } = await opened();
  await call("FT.CREATE", "i", "SCHEMA", "payload", "TEXT");
  for (let at = 0; at < 1_000; at += 1)
    await call("FT.ADD", "i", `d${at % 7}`, "1", "REPLACE", "FIELDS", "payload", `word${at} common`);
  expect(await call("FT.SEARCH", "i", "common", "NOCONTENT", "LIMIT", "0", "0")).toEqual([7]);
  expect(await call("FT.SEARCH", "i", "word5", "NOCONTENT")).toEqual([0]);
  expect(await call("FT.SEARCH", "i", "word999", "NOCONTENT")).toEqual([1, "d5"]);
  using file = new DatabaseSync(db);
  file.exec(`INSERT INTO "search_fts__i" ("search_fts__i") VALUES ('integrity-check')`); // throws when it is damaged
});

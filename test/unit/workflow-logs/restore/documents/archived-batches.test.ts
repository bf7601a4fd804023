import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createClient } from "../../../../../src/stores/elasticsearch/client.ts";
import {
  type ArchivedBatch,
  ArchivedDocuments,
  type SizesOf,
} from "../../../../../src/workflow-logs/restore/documents/archived-batches.ts";
import { type Answer, startFakeServer } from "../../../../support/fake-elasticsearch.ts";

/** Documents by id with the length of a text in them. */
let documents: Map<string, number>;
let asked: string[][];
let fail: (ids: readonly string[]) => Answer | undefined;
let server: Awaited<ReturnType<typeof startFakeServer>>;
let client: ReturnType<typeof createClient>;

beforeEach(async () => {
  [documents, asked, fail] = [new Map(), [], () => undefined];
  server = await startFakeServer(({ path, body }) => {
    const request = JSON.parse(body.toString("utf8")) as { ids?: string[]; size: number; search_after?: string[] };
    if (path.endsWith("/_search")) {
      const ids = [...documents.keys()].toSorted().filter((id) => id > (request.search_after?.[0] ?? ""));
      return { body: { hits: { hits: ids.slice(0, request.size).map((id) => ({ _id: id, sort: [id, 1] })) } } };
    }
    asked.push(request.ids!);
    const found = request.ids!.filter((id) => documents.has(id));
    return (
      fail(request.ids!) ?? {
        body: { docs: found.map((_id) => ({ _id, _source: { id: _id, text: "x".repeat(documents.get(_id)!) } })) },
      }
    );
  });
  client = createClient({ hosts: [server.url], useSsl: false, verifyCerts: true, timeoutSeconds: 5, maxRetries: 0 });
});
afterEach(async () => {
  await client.close();
  await server.stop();
});

function addDocuments(prefix: string, count: number, length: number): void {
  for (let at = 0; at < count; at++) documents.set(`${prefix}${String(at).padStart(5, "0")}`, length);
}

const range = { from: "2025-10-01 00:00:00.000000", to: "2025-11-01 00:00:00.000000" };

async function batches(
  limits = { rows: 1000, bytes: 100_000 },
  after?: string,
  sizesOf?: SizesOf,
): Promise<ArchivedBatch[]> {
  const all: ArchivedBatch[] = [];
  const source = new ArchivedDocuments(client, { index: "logs", range, after }, limits, sizesOf);
  for await (const batch of source.batches(new AbortController().signal)) all.push(batch);
  return all;
}

const idsOf = (all: ArchivedBatch[]): string[] => all.flatMap(({ sources }) => [...sources.keys()]);

test("every document once, in the order of ids, in batches within the limits", async () => {
  addDocuments("a", 2500, 10);
  addDocuments("b", 30, 40_000);

  const all = await batches();

  expect(idsOf(all)).toEqual([...documents.keys()].toSorted());
  for (const { records, bytes, sources, lastKey } of all) {
    expect(records).toBe(sources.size);
    expect(records).toBeLessThanOrEqual(1000);
    expect(bytes).toBeLessThanOrEqual(100_000);
    expect(lastKey).toBe([...sources.keys()].at(-1));
  }
});

test("goes on behind an id", async () => {
  addDocuments("a", 1200, 10);
  const [first, ...rest] = await batches({ rows: 500, bytes: 1_000_000 });
  expect(idsOf(await batches({ rows: 500, bytes: 1_000_000 }, first!.lastKey!))).toEqual(idsOf(rest));
});

test("a document beyond the limit is a batch by itself", async () => {
  addDocuments("a", 3, 300_000);
  expect((await batches()).map(({ records }) => records)).toEqual([1, 1, 1]);
});

test("documents are asked for a few at a time, large ones one by one", async () => {
  addDocuments("a", 500, 10);
  addDocuments("b", 200, 90_000);
  await batches();
  expect(Math.max(...asked.map(({ length }) => length))).toBeLessThanOrEqual(32);
  expect(asked.filter(([id]) => id!.startsWith("a")).length).toBeLessThan(20);
  expect(asked.filter(([id]) => id! > "b00032").every(({ length }) => length === 1)).toBe(true);
});

test("documents whose size is known are asked for a megabyte at a time, the others a few at a time", async () => {
  addDocuments("a", 500, 10_000);
  addDocuments("b", 200, 10);
  const sizesOf: SizesOf = async (ids) =>
    new Map(ids.filter((id) => id.startsWith("a")).map((id) => [id, documents.get(id)!]));

  expect(idsOf(await batches({ rows: 1000, bytes: 10_000_000 }, undefined, sizesOf))).toEqual(
    [...documents.keys()].toSorted(),
  );

  const known = asked.filter((ids) => ids.every((id) => id.startsWith("a")));
  expect(Math.max(...known.map(({ length }) => length))).toBe(Math.floor((1024 * 1024) / 10_000));
  const unknown = asked.filter((ids) => ids.every((id) => id.startsWith("b")));
  expect(Math.max(...unknown.map(({ length }) => length))).toBeLessThanOrEqual(32);
});

test("a size that is not true any more is no harm", async () => {
  addDocuments("a", 60, 3_000_000);
  const sizesOf: SizesOf = async (ids) => new Map(ids.map((id) => [id, 10]));
  expect(idsOf(await batches({ rows: 1000, bytes: 1_000_000_000 }, undefined, sizesOf))).toEqual(
    [...documents.keys()].toSorted(),
  );
}, 30_000);

describe("an answer that is too much", () => {
  test("for this program is asked for in parts", async () => {
    addDocuments("a", 32, 10);
    addDocuments("b", 40, 5_000_000);
    expect(idsOf(await batches({ rows: 1000, bytes: 1_000_000_000 }))).toEqual([...documents.keys()].toSorted());
  }, 30_000);

  test.runIf(process.env["TEST_FULL"] === "1")(
    "for the server too, after a minute of patience",
    async () => {
      addDocuments("a", 40, 10);
      let refusals = 0;
      fail = (ids) => {
        if (ids.length < 5 || refusals++ > 20) return undefined;
        return { status: 429, body: { error: { type: "circuit_breaking_exception", reason: "too large" } } };
      };
      expect(idsOf(await batches())).toEqual([...documents.keys()].toSorted());
    },
    180_000,
  );
});

test("a document that vanished is named, and those around it come", async () => {
  addDocuments("a", 3, 10);
  const [gone] = documents.keys();
  fail = (ids) => ({
    body: {
      docs: ids.map((_id) => (_id === gone ? { _id, found: false } : { _id, found: true, _source: { id: _id } })),
    },
  });
  const found = await batches();
  expect(found.flatMap(({ vanished }) => vanished)).toEqual([gone]);
  expect(idsOf(found)).toEqual([...documents.keys()].filter((id) => id !== gone).toSorted());
});

test("an abort ends the reading before the next page", async () => {
  addDocuments("a", 3000, 10);
  const stop = new AbortController();
  const source = new ArchivedDocuments(
    client,
    { index: "logs", range, after: undefined },
    { rows: 100, bytes: 100_000 },
  );
  const ids: string[] = [];
  for await (const batch of source.batches(stop.signal)) {
    ids.push(...batch.sources.keys());
    if (ids.length >= 200) stop.abort();
  }
  expect(ids.length).toBeLessThan(1000);
  expect(ids).toEqual([...documents.keys()].toSorted().slice(0, ids.length));
});

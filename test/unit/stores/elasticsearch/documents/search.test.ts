import { describe, expect, test } from "vitest";
import { getDocuments } from "../../../../../src/stores/elasticsearch/documents/get-documents.ts";
import { openIndices } from "../../../../../src/stores/elasticsearch/indices/open-indices.ts";
import { search } from "../../../../../src/stores/elasticsearch/documents/search.ts";
import { archiveOwner, someArchive } from "../../../../support/index-owner.ts";
import { clientAndSeen } from "../../../../support/fake-elasticsearch.ts";

/** A client of a server that gives this answer to everything. */
const answering = (body: unknown) => clientAndSeen(() => ({ body }));

const hits = { total: { value: 1 }, hits: [] };
const whole = { timed_out: false, _shards: { total: 2, failed: 0 }, hits };

describe("a search", () => {
  test.each([
    ["missed a shard", { ...whole, _shards: { total: 2, failed: 1 } }, "search_incomplete"],
    ["ran out of time", { ...whole, timed_out: true }, "search_incomplete"],
    ["failed", { error: { type: "x", root_cause: [{ type: "y", reason: "z" }] }, status: 500 }, "search_failed"],
  ])("that %s is an error, not an answer from a part", async (_, response, code) => {
    const { client } = await answering({ responses: [response] });
    await expect(search(client, { indices: ["a"] })).rejects.toMatchObject({ code });
  });

  test("names its indices in the body, and asks nothing of none", async () => {
    const { client, seen } = await answering({ responses: [whole] });
    const names = Array.from({ length: 200 }, (_, at) => `archive-workflow-runs-tenant-${at}`);
    expect((await search(client, { indices: names })).total).toBe(1);
    expect(seen[0]!.path).toBe("/_msearch");
    expect(JSON.parse(seen[0]!.body.toString().split("\n")[0]!)).toMatchObject({ index: names });
    expect((await search(client, { indices: [] })).total).toBe(0);
    expect(seen).toHaveLength(1);
  });

  test("keeps every digit of a whole number", async () => {
    const json = '{"a":9223372036854775807,"b":-9007199254740993,"c":9007199254740991,"d":1.5e300,"e":-0.0,"f":1.0}';
    const hit = `{"_index":"i","_id":"1","_source":${json},"sort":["t"]}`;
    const { client } = await answering(`{"responses":[{"hits":{"total":{"value":1},"hits":[${hit}]}}]}`);
    const [found] = (await search(client, { indices: ["i"] })).hits;
    expect(found?.source).toEqual({
      a: 2n ** 63n - 1n,
      b: -9007199254740993n,
      c: 2 ** 53 - 1,
      d: 1.5e300,
      e: -0,
      f: 1,
    });
  });
});

describe("documents by id", () => {
  const found = { _index: "a", _id: "1", found: true, _seq_no: 3, _primary_term: 1, _source: { id: "1" } };
  const gone = { _index: "b", _id: "1", error: { type: "index_not_found_exception" } };
  const closed = { _index: "c", _id: "1", error: { type: "index_closed_exception", reason: "closed" } };

  test("are none in an index that is missing", async () => {
    const { client } = await answering({ docs: [gone, { _index: "d", _id: "1", found: false }] });
    expect(await getDocuments(client, ["b", "d"], "1")).toEqual([]);
  });

  test("are an error where an index cannot be read and no other has the document", async () => {
    const { client } = await answering({ docs: [gone, closed] });
    await expect(getDocuments(client, ["b", "c"], "1")).rejects.toMatchObject({ code: "document_unreadable" });
  });

  test("are found although another index cannot be read", async () => {
    const { client } = await answering({ docs: [closed, found] });
    const version = { seqNo: 3, primaryTerm: 1 };
    expect(await getDocuments(client, ["c", "a"], "1")).toEqual([
      { index: "a", id: "1", source: { id: "1" }, version },
    ]);
  });
});

describe("the open indices of a tenant", () => {
  const ours = {
    mappings: { _meta: { managed_by: "log-archive", archive: someArchive } },
    settings: { "index.uuid": "u" },
  };
  const closed = { ...ours, settings: { "index.verified_before_close": "true" } };

  test("are those of its own that the program made, oldest month first", async () => {
    const { client } = await answering({
      "p-workflow-runs-acme-2025.02": ours,
      "p-workflow-runs-acme-2024.12": ours,
      "p-workflow-runs-acme-2025.01": { mappings: {}, settings: {} },
      "p-workflow-runs-acme-eu-2025.02": ours,
      "p-workflow-runs-acme-eu-2025.03": closed,
      "p-workflow-runs-acme-2025.02-copy": ours,
      "p-workflow-runs-acme-backup": closed,
    });
    const names = (await openIndices(client, archiveOwner(), "p", "workflow-runs", "acme")).map(({ name }) => name);
    expect(names).toEqual(["p-workflow-runs-acme-2024.12", "p-workflow-runs-acme-2025.02"]);
  });

  test("are an error when one is closed", async () => {
    const { client } = await answering({
      "p-workflow-runs-acme-2025.02": ours,
      "p-workflow-runs-acme-2025.03": closed,
    });
    await expect(openIndices(client, archiveOwner(), "p", "workflow-runs", "acme")).rejects.toMatchObject({
      code: "index_closed",
    });
  });
});

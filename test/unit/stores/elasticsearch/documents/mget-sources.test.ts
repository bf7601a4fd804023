import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { readSources, sliceSources } from "../../../../../src/stores/elasticsearch/documents/mget-sources.ts";
import {
  type Answer,
  clientAndSeen,
  clientFor,
  clientOf,
  listen,
  stop,
} from "../../../../support/fake-elasticsearch.ts";

async function read(answers: Answer[], ids = ["a"]): Promise<Record<string, string>> {
  const client = await clientOf(() => answers.shift() ?? { status: 500 });
  return texts(await readSources(client, "logs", ids));
}

function texts(sources: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries([...sources].map(([id, source]) => [id, source.toString("utf8")]));
}

const oneDocument = '{"docs":[{"_index":"logs","_id":"a","found":true,"_source":{"n":1.0}}]}';

describe("readSources", () => {
  test("gives the bytes of the sources, those without a document left out", async () => {
    const body = oneDocument.replace("]}", ',{"_index":"logs","_id":"b","found":false}]}');
    expect(await read([{ body }], ["a", "b"])).toEqual({ a: '{"n":1.0}' });
  });

  test("stops reading beyond a limit", async () => {
    const { client, seen } = await clientAndSeen(() => ({ body: oneDocument.replace("1.0", "1".repeat(1_000_000)) }));
    await expect(readSources(client, "logs", ["a"], 999_999)).rejects.toMatchObject({ code: "answer_too_large" });
    expect((await readSources(client, "logs", ["a"], 1_100_000)).size).toBe(1);
    expect(seen).toHaveLength(2);
  });

  test("waits while the server is busy", async () => {
    const busy = { status: 429, body: { error: { type: "es_rejected_execution_exception", reason: "full" } } };
    expect(await read([busy, { status: 503 }, { body: oneDocument }])).toEqual({ a: '{"n":1.0}' });
  });

  test("an answer that is no success is an error, never an index without documents", async () => {
    const forbidden = { status: 403, body: { error: { type: "security_exception", reason: "not allowed" } } };
    await expect(read([forbidden])).rejects.toMatchObject({ code: "elasticsearch_forbidden" });
    await expect(read([{ status: 500, body: "<html>" }])).rejects.toMatchObject({ code: "elasticsearch_failed" });
  });

  test("a document that a shard cannot give is an error; one of an index that does not exist is not there", async () => {
    const failed = (type: string) => ({ docs: [{ _index: "logs", _id: "a", error: { type, reason: "why" } }] });
    await expect(read([{ body: failed("no_shard_available_action_exception") }])).rejects.toMatchObject({
      code: "document_unreadable",
    });
    expect(await read([{ body: failed("index_not_found_exception") }])).toEqual({});
  });

  test("unpacks compressed answers, which servers that are not local give", async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, {
        "content-type": "application/json",
        "x-elastic-product": "Elasticsearch",
        "content-encoding": "gzip",
      });
      response.end(gzipSync(oneDocument));
    });
    const port = await listen(server);
    onTestFinished(() => stop(server));
    const client = clientFor(`http://127.0.0.1:${port}`);
    expect(texts(await readSources(client, "logs", ["a"]))).toEqual({ a: '{"n":1.0}' });
  });
});

describe("sliceSources", () => {
  /** Keys and values that look like the answer's own. */
  const trap = fc.constantFrom(
    '"_source"',
    "_source",
    "_id",
    "docs",
    '{"_source":{}}',
    "\\",
    '\\"',
    '"',
    "}",
    "]",
    "{",
    "[",
    ",",
    ":",
    "你好",
    "\u2028",
  );
  const text = fc.array(fc.oneof(trap, fc.string({ unit: "binary" })), { maxLength: 5 }).map((parts) => parts.join(""));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    ),
  }));
  const source = fc.dictionary(text, value, { maxKeys: 5 });

  test("finds each source whatever is in it, and in other members", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: text, found: fc.boolean(), source, before: fc.boolean(), fields: value }), {
          maxLength: 5,
        }),
        (given) => {
          const documents = given.filter(({ id }, at) => given.findIndex((other) => other.id === id) === at);
          const answer = {
            took: 1,
            docs: documents.map(({ id, found, source: _source, before, fields }) => ({
              ...(before ? { fields } : {}),
              _index: "_source",
              _id: id,
              found,
              ...(found ? { _source } : {}),
              ...(before ? {} : { fields }),
            })),
          };
          const expected = documents.filter(({ found }) => found).map((one) => [one.id, JSON.stringify(one.source)]);
          expect(texts(sliceSources(Buffer.from(JSON.stringify(answer)), answer.docs.length))).toEqual(
            texts(new Map(expected.map(([id, json]) => [id!, Buffer.from(json!)]))),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test("refuses an answer that was cut anywhere", () => {
    for (let length = 1; length < oneDocument.length; length++) {
      expect(() => sliceSources(Buffer.from(oneDocument.slice(0, length)), 1), oneDocument.slice(0, length)).toThrow();
    }
  });
});

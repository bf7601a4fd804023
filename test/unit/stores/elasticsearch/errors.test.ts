import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../../../src/engine/errors.ts";
import { createClient } from "../../../../src/stores/elasticsearch/client.ts";
import { describeElasticsearchError, described, errorType } from "../../../../src/stores/elasticsearch/errors.ts";
import type { Answer } from "../../../support/fake-elasticsearch.ts";
import { startFakeServer } from "../../../support/fake-elasticsearch.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function failureAt(host: string): Promise<unknown> {
  const client = createClient({ hosts: [host], useSsl: false, verifyCerts: true, timeoutSeconds: 1, maxRetries: 0 });
  cleanups.push(() => client.close());
  return client.count({ index: "a" }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function failureOf(answer: Answer): Promise<unknown> {
  const server = await startFakeServer(() => answer);
  cleanups.push(server.stop);
  return failureAt(server.url);
}

const body = (type: string, reason: string, status: number) => ({ status, body: { error: { type, reason }, status } });

describe("an answer of the server", () => {
  test.each<[string, Answer, RegExp, RegExp]>([
    [
      "elasticsearch_unauthorized",
      body("security_exception", "unable to authenticate user [elastic] for REST request [/a/_count]", 401),
      /refused the credentials/,
      /ELASTICSEARCH_PASSWORD/,
    ],
    [
      "elasticsearch_forbidden",
      body("security_exception", "action [x] is unauthorized for user [u], this action is granted by [read,all]", 403),
      /granted by \[read,all\]/,
      /privilege named above/,
    ],
    [
      "elasticsearch_blocked",
      body("cluster_block_exception", "index [a] blocked by: [FORBIDDEN/8/index write (api)];", 403),
      /FORBIDDEN\/8/,
      /Remove the block/,
    ],
    [
      "elasticsearch_blocked",
      body(
        "cluster_block_exception",
        "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];",
        429,
      ),
      /flood-stage/,
      /Free disk space/,
    ],
    [
      "elasticsearch_not_found",
      body("index_not_found_exception", "no such index [a]", 404),
      /no such index \[a\]/,
      /again/,
    ],
    [
      "elasticsearch_unsupported",
      body("media_type_header_exception", "Invalid media-type value on headers [Accept]", 406),
      /older or newer/,
      /8\.x or 9\.x/,
    ],
    [
      "elasticsearch_unsupported",
      { headers: { "x-elastic-product": "OpenSearch" } },
      /not Elasticsearch/,
      /8\.x or 9\.x/,
    ],
    [
      "elasticsearch_shard_limit",
      body(
        "validation_exception",
        "Validation Failed: 1: this action would add [1] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;",
        400,
      ),
      /\[1000\]\/\[1000\]/,
      /cluster\.max_shards_per_node/,
    ],
    ["elasticsearch_overloaded", body("es_rejected_execution_exception", "rejected", 429), /overloaded/, /load/],
    [
      "elasticsearch_failed",
      body("illegal_argument_exception", "unknown setting [index.x]", 400),
      /unknown setting/,
      /log/,
    ],
    ["elasticsearch_failed", { status: 502, body: "<html>", headers: { "content-type": "text/html" } }, /502/, /log/],
    ["elasticsearch_failed", { status: 500, body: { error: "no such thing" } }, /no such thing/, /log/],
  ])("%s", async (code, answer, message, hint) => {
    const failure = describeElasticsearchError(await failureOf(answer));
    expect(failure).toBeInstanceOf(AppError);
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure.message).toMatch(/ at http:\/\/127\.0\.0\.1:\d+[ :]/);
    expect(failure.message).toMatch(/[^.]\.$/);
    expect(failure.hint).toMatch(hint);
  });

  test("errorType is Elasticsearch's own name", async () => {
    expect(errorType(await failureOf(body("index_not_found_exception", "no such index [a]", 404)))).toBe(
      "index_not_found_exception",
    );
    expect(
      errorType(await failureOf({ status: 502, body: "x", headers: { "content-type": "text/html" } })),
    ).toBeUndefined();
    expect(errorType(new Error("other"))).toBeUndefined();
  });
});

describe("no answer", () => {
  test.each([
    ["http://127.0.0.1:1", "elasticsearch_unreachable", /at http:\/\/127\.0\.0\.1:1 cannot be reached/],
    ["http://localhost:1", "elasticsearch_unreachable", /at http:\/\/localhost:1 cannot be reached: \S+/],
    ["http://no-such-host.invalid:9200", "elasticsearch_unknown_host", /no-such-host\.invalid/],
  ])("%s", async (host, code, message) => {
    const failure = describeElasticsearchError(await failureAt(host));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test("a server that is too slow", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    cleanups.push(async () => void server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    expect(describeElasticsearchError(await failureAt(`http://127.0.0.1:${port}`))).toMatchObject({
      code: "elasticsearch_timeout",
      hint: expect.stringContaining("ELASTICSEARCH_TIMEOUT") as string,
    });
  });
});

test("an AppError stays as it is, and a bug is not dressed up as a failure of the server", async () => {
  const known = new AppError("x", "y");
  expect(describeElasticsearchError(known)).toBe(known);
  const bug = new TypeError("undefined is not a function");
  expect(() => describeElasticsearchError(bug)).toThrow(bug);
  await expect(described(Promise.reject(bug))).rejects.toBe(bug);
});

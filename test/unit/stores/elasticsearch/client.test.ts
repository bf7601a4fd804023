import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { UsageError } from "../../../../src/engine/errors.ts";
import type { ElasticsearchConnection } from "../../../../src/stores/elasticsearch/client.ts";
import { createClient } from "../../../../src/stores/elasticsearch/client.ts";
import { BulkWriter } from "../../../../src/stores/elasticsearch/bulk/bulk-writer.ts";
import { described } from "../../../../src/stores/elasticsearch/errors.ts";
import { bodyOf } from "./bulk/bulk-documents.ts";
import { listen, startFakeServer, stop } from "../../../support/fake-elasticsearch.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function connect(hosts: string[], options: Partial<ElasticsearchConnection> = {}) {
  const defaults = { useSsl: false, verifyCerts: true, timeoutSeconds: 5, maxRetries: 0 };
  const client = createClient({ ...defaults, hosts, ...options });
  cleanups.push(() => client.close());
  return client;
}

async function fakeServer(answer: Parameters<typeof startFakeServer>[0] = () => ({})) {
  const server = await startFakeServer(answer);
  cleanups.push(server.stop);
  return server;
}

const path = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

async function tlsServer(): Promise<number> {
  const key = readFileSync(path("localhost-key.pem"));
  const cert = readFileSync(path("localhost-cert.pem"));
  const server = createServer({ key, cert }, (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "x-elastic-product": "Elasticsearch" });
    response.end('{"count":7}');
  });
  cleanups.push(() => stop(server));
  return listen(server);
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("credentials", () => {
  test.each([
    [{ username: "elastic", password: "p:w@/ü" }, basic("elastic:p:w@/ü")],
    [{ username: "elastic", password: "" }, basic("elastic:")],
    [{ apiKey: "a2V5" }, "ApiKey a2V5"],
    [{ apiKey: "a2V5", username: "elastic", password: "pw" }, "ApiKey a2V5"],
    [{}, undefined],
  ])("%j", async (options, authorization) => {
    const server = await fakeServer();
    await connect([server.url], options).cluster.health({});
    expect(server.seen[0]?.headers["authorization"]).toBe(authorization);
  });

  test("come from a host's URL when none are given, and leave the URL", async () => {
    const server = await fakeServer();
    const host = server.url.replace("//", "//elastic:p%40w@");
    await connect([host]).cluster.health({});
    await connect([host], { username: "other", password: "pw" }).cluster.health({});
    expect(server.seen.map((request) => request.headers["authorization"])).toEqual([
      basic("elastic:p@w"),
      basic("other:pw"),
    ]);
  });
});

describe("compression", () => {
  test("is off on this machine", async () => {
    const server = await fakeServer();
    await connect([server.url]).search({ query: { match_all: {} } });
    expect(server.seen[0]?.headers["content-encoding"]).toBeUndefined();
    expect(JSON.parse(String(server.seen[0]?.body))).toEqual({ query: { match_all: {} } });
  });

  test("is on when a host is not known to be this machine", async () => {
    const server = await fakeServer();
    // Linux and macOS connect 0.0.0.0 to this machine; by its name it could be any.
    await connect([`http://0.0.0.0:${server.port}`]).search({ query: { match_all: {} } });
    expect(server.seen[0]?.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(String(gunzipSync(server.seen[0]?.body ?? "")))).toEqual({ query: { match_all: {} } });
  });
});

describe("hosts", () => {
  test("may be written without a scheme and with a path", async () => {
    const server = await fakeServer();
    await connect([`127.0.0.1:${server.port}`]).cluster.health({});
    await connect([`${server.url}/es/`]).cluster.health({});
    expect(server.seen.map((request) => request.path)).toEqual(["/_cluster/health", "/es/_cluster/health"]);
  });

  test.each(["", "http://", "ftp://host", "http://host:99999", "http://a b", "http://host/?x=1", "file:///etc"])(
    "refuses %j",
    (host) => {
      expect(() => connect([host])).toThrow(UsageError);
    },
  );

  test("a refused host is shown without its password", () => {
    expect(() => connect(["http://elastic:geheim@host:99999"])).toThrow(/^(?!.*geheim).*host:99999/);
  });
});

describe("TLS", () => {
  test("trusts the given CA, and only then the server it signed", async () => {
    const port = await tlsServer();
    const trusted = connect([`https://localhost:${port}`], { caCerts: path("localhost-cert.pem") });
    await expect(trusted.count({ index: "a" })).resolves.toMatchObject({ count: 7 });

    const untrusted = connect([`https://localhost:${port}`]);
    await expect(described(untrusted.count({ index: "a" }))).rejects.toMatchObject({
      code: "elasticsearch_tls",
      message: expect.stringMatching(/self-signed certificate/) as string,
      hint: expect.stringContaining("ELASTICSEARCH_CA_CERTS") as string,
    });
  });

  test("useSsl turns http into https, and verifyCerts=false trusts anyone", async () => {
    const port = await tlsServer();
    const client = connect([`http://localhost:${port}`], { useSsl: true, verifyCerts: false });
    await expect(client.count({ index: "a" })).resolves.toMatchObject({ count: 7 });
  });

  test("says so when the server speaks plain HTTP", async () => {
    const server = await fakeServer();
    const client = connect([server.url], { useSsl: true });
    await expect(described(client.count({ index: "a" }))).rejects.toMatchObject({
      code: "elasticsearch_tls",
      message: expect.stringMatching(/: wrong version number\.$/) as string,
    });
  });

  test("says so when the server speaks TLS and the client does not", async () => {
    const client = connect([`http://localhost:${await tlsServer()}`]);
    await expect(described(client.count({ index: "a" }))).rejects.toMatchObject({
      code: "elasticsearch_unreachable",
      hint: expect.stringContaining("ELASTICSEARCH_USE_SSL=true") as string,
    });
  });

  test("a CA file that is missing or no certificate is a usage error that names it", () => {
    expect(() => connect(["https://localhost"], { caCerts: "/nowhere/ca.crt" })).toThrow("/nowhere/ca.crt");
    expect(() => connect(["https://localhost"], { caCerts: path("localhost-key.pem") })).toThrow(UsageError);
  });

  test("the CA file is not read without TLS", () => {
    expect(() => connect(["http://localhost:9200"], { caCerts: "/nowhere/ca.crt" })).not.toThrow();
  });
});

test("no secret is anywhere in an error", async () => {
  const options = { username: "elastic", password: "geheim-1", timeoutSeconds: 1 };
  const refusing = await fakeServer(() => ({
    status: 401,
    body: { error: { type: "security_exception" }, status: 401 },
  }));
  const hosts = [refusing.url, "http://127.0.0.1:1", "http://user:geheim-2@127.0.0.1:1"];
  for (const host of hosts) {
    const failure: unknown = await described(
      connect([host], options).bulk({ operations: ['{"index":{}}', '{"row":"geheim-3"}'] }),
    ).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain("geheim");
  }
});

test.each([
  ["an API key", { apiKey: "S2V5OmtleQ==" }],
  ["a user and a password", { username: "elastic", password: "p@ss word" }],
])("%s that a server gives back in an error is in no reason of a refusal", async (_what, credentials) => {
  const server = await fakeServer(({ path: at, headers }) => {
    const { authorization } = headers as { authorization: string };
    const plain = Buffer.from(authorization.split(" ")[1]!, "base64").toString();
    const told = `failed for ${authorization}, that is ${plain}`;
    if (!at.endsWith("/_bulk")) return { status: 400, body: { error: { type: "told", reason: told } } };
    return { body: { errors: true, items: [{ index: { status: 400, error: { type: "told", reason: told } } }] } };
  });
  const client = connect([server.url], credentials);
  const { refused } = await new BulkWriter(client, { maxRetries: 0 }).write(
    "index-1",
    bodyOf([10]),
    AbortSignal.timeout(5000),
  );
  expect(refused).toMatchObject([{ reason: expect.stringMatching(/^failed for (ApiKey|Basic) \[secret\], that is /) }]);
  const failure: unknown = await described(client.count({ index: "a" })).catch((error: unknown) => error);
  for (const text of [JSON.stringify(refused), inspect(failure, { depth: 9 })]) {
    expect(text).toContain("[secret]");
    expect(text).not.toMatch(/S2V5OmtleQ|Key:key|p@ss|ZWxhc3RpYzpw/);
  }
});

test.each([
  ["a line break in the API key", async () => ({ host: (await fakeServer()).url, apiKey: "key\nwith a break" })],
  ["plain http to a port of TLS", async () => ({ host: `http://localhost:${await tlsServer()}`, apiKey: "key" })],
])("%s is one sentence without the key", async (_what, prepare) => {
  const { host, apiKey } = await prepare();
  const failure: unknown = await described(connect([host], { apiKey }).count({ index: "a" })).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: expect.any(String), hint: expect.any(String) });
  expect(inspect(failure, { depth: 9 })).not.toContain("with a break");
});

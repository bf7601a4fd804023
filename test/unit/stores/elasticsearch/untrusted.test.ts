import { readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { createServer as createPlainServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { createClient } from "../../../../src/stores/elasticsearch/client.ts";
import { describeElasticsearchError } from "../../../../src/stores/elasticsearch/errors.ts";
import { Authority } from "../../../support/certificates.ts";

/** Point 13 of the mends: what cannot pass is tried once, and expired keys and certificates are called so. */
const authority = new Authority();
afterAll(() => rmSync(authority.folder, { recursive: true }));
const names = "IP:127.0.0.1";
const good = authority.sign("good", { subject: "good", names });
const expired = authority.sign("expired", { subject: "expired", names, expired: true });
const otherHost = authority.sign("other", { subject: "other", names: "DNS:other.example" });

const servers: { close(): unknown; closeAllConnections(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function tlsServer({ certificate, key }: { certificate: string; key: string }) {
  const server: Server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) => {
    response.writeHead(200, { "content-type": "application/json", "x-elastic-product": "Elasticsearch" });
    response.end('{"version":{"number":"9.2.0"}}');
  });
  const counted = { url: "", attempts: 0 };
  server.on("connection", () => counted.attempts++);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  counted.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return counted;
}

const client = (hosts: readonly string[], caCerts?: string) =>
  createClient({ hosts, caCerts, useSsl: false, verifyCerts: true, timeoutSeconds: 5, maxRetries: 5 });

async function failure(
  hosts: readonly string[],
  caCerts?: string,
): Promise<{ message: string; hint?: string | undefined }> {
  const error = await client(hosts, caCerts)
    .info()
    .catch((reason: unknown) => reason);
  return describeElasticsearchError(error);
}

test.each([
  ["an expired certificate", expired, authority.certificate, /has expired, by the clock of this machine/],
  ["an unknown authority", good, undefined, /No trusted TLS connection/],
  ["another host's certificate", otherHost, authority.certificate, /No trusted TLS connection/],
])("%s is tried once and said", async (_, certificate, caCerts, message) => {
  const server = await tlsServer(certificate);
  const described = await failure([server.url], caCerts);
  expect(described.message).toMatch(message);
  expect(described.message).toContain(server.url);
  expect(server.attempts).toBe(1);
});

test("plain HTTP where TLS is expected is tried once and said", async () => {
  const server = createPlainServer((_, response) => response.end());
  let attempts = 0;
  server.on("connection", () => attempts++);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { message } = await failure([`https://127.0.0.1:${(server.address() as AddressInfo).port}`]);
  expect(message).toMatch(/No trusted TLS connection/);
  expect(attempts).toBe(1);
});

test("of several hosts one with an expired certificate is passed over", async () => {
  const [bad, well] = [await tlsServer(expired), await tlsServer(good)];
  const both = client([bad.url, well.url], authority.certificate);
  for (let at = 0; at < 4; at++) expect((await both.info()).version.number).toBe("9.2.0");
  expect(well.attempts).toBeGreaterThan(0);
});

test.each([
  [
    "unable to authenticate with provided credentials and anonymous access is not allowed",
    "api key is expired",
    /: api key is expired\./,
  ],
  ["api key is expired", undefined, /: api key is expired\./],
  ["api key has been invalidated", undefined, /: api key has been invalidated\./],
  ["token expired", undefined, /: token expired\./],
  ["unable to authenticate user [elastic] for REST request [/]", undefined, /refused the credentials\.$/],
])("the server's reason for refusing credentials is passed on: %s", async (reason, cause, message) => {
  const body = JSON.stringify({
    error: {
      type: "security_exception",
      reason,
      ...(cause !== undefined && { header: {}, additional_unsuccessful_credentials: `API key: ${cause}` }),
    },
    status: 401,
  });
  let requests = 0;
  const server = createPlainServer((_, response) => {
    requests++;
    response.writeHead(401, { "content-type": "application/json", "x-elastic-product": "Elasticsearch" });
    response.end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const described = await failure([`http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
  expect(described.message).toMatch(message);
  if (message.source.includes("expired")) expect(described.hint).toMatch(/Make a new key/);
  expect(requests).toBe(1);
});

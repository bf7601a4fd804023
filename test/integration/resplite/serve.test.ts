import { connect } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createRESPlite } from "../../../src/resplite.ts";
import { runCli } from "../../../src/cli/run-cli.ts";
import { Authority } from "../../support/certificates.ts";
import { fakeHost } from "../../support/fake-host.ts";
import { temporaryFile } from "../../support/resplite/data-file.ts";
import { RawClient } from "../../support/resplite/raw-client.ts";
import { serverHere } from "../../support/resplite/server-here.ts";
import { startServerProcess } from "../../support/resplite/server-process.ts";

test("R1: the program serves the file that the environment names, says where, and stops gracefully", async () => {
  const db = temporaryFile();
  const env = { RESPLITE_DB: db, RESPLITE_PORT: "0", RESPLITE_PRAGMA_TEMPLATE: "safety" };
  const server = await startServerProcess([], env);
  expect(server.line).toBe(`RESPLite listening on port ${server.port}, db: ${db}`);
  using client = await RawClient.open(server.port);
  expect(await client.call("SET", "k", "v")).toEqual(["+", "OK"]);
  expect(await server.end("SIGTERM")).toMatchObject({ code: 143 });
  const again = await startServerProcess(["--db", db, "--port", "0"], { RESPLITE_DB: "/nowhere/else.db" }); // flags win
  using second = await RawClient.open(again.port);
  expect(await second.call("GET", "k")).toEqual(["$", "v"]);
  expect(await again.end("SIGINT")).toMatchObject({ code: 130 });
});

const wrong: [what: string, args: string[], env: Record<string, string>, message: RegExp][] = [
  ["a port that is none", ["--port", "70000"], {}, /--port/],
  [
    "a template that is none",
    [],
    { RESPLITE_PRAGMA_TEMPLATE: "fast" },
    /RESPLITE_PRAGMA_TEMPLATE must be one of default, /,
  ],
  ["others let in without a password", ["--host", "0.0.0.0", "--port", "0"], {}, /RESPLITE_PASSWORD/],
  ["all of IPv6 without a password", ["--port", "0"], { RESPLITE_HOST: "::" }, /RESPLITE_PASSWORD/],
  ["a certificate without its key", ["--tls-cert", "/a.pem"], {}, /belong together/],
  ["a certificate that is not there", ["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"], {}, /\/nowhere.pem/],
];

test.each(wrong)("R1: %s is refused before anything is made", async (_, args, env, message) => {
  const db = temporaryFile();
  const host = fakeHost(["resplite", "serve", "--db", db, ...args], { env });
  expect(await runCli(host)).toBe(2);
  expect(host.err()).toMatch(message);
  expect(host.out()).toBe("");
});

test("R1: a file that is not SQLite's, and a port that is taken, are named and left", async () => {
  const notes = temporaryFile("notes.txt");
  writeFileSync(notes, "no database ".repeat(100));
  await expect(createRESPlite({ db: notes })).rejects.toMatchObject({ code: "sqlite_unusable" });
  expect(readFileSync(notes, "utf8")).toMatch(/^no database no/);
  const { port } = await serverHere();
  await expect(createRESPlite({ db: temporaryFile(), port })).rejects.toMatchObject({ code: "listen_failed" });
});

test("R2: it listens on 127.0.0.1 alone, and closing twice does no harm", async () => {
  const server = await serverHere();
  expect(server.host).toBe("127.0.0.1");
  const socket = connect({ port: server.port, host: "::1" });
  const refused = await Promise.race([once(socket, "connect"), once(socket, "error")]).catch((error: unknown) => [
    error,
  ]);
  expect(refused[0]).toBeInstanceOf(Error);
  await Promise.all([server.close(), server.close()]);
});

test("with a password nothing is done for one who has not given it", async () => {
  const { port } = await serverHere({ password: "open sesame" });
  using client = await RawClient.open(port);
  expect(await client.call("GET", "k")).toEqual(["-", "NOAUTH Authentication required."]);
  expect(await client.call("NOSUCH")).toEqual(["-", "NOAUTH Authentication required."]);
  expect((await client.call("HELLO", "3"))[1]).toMatch(/^NOAUTH HELLO must be called/);
  const wrongPassword = ["-", "WRONGPASS invalid username-password pair or user is disabled."];
  expect(await client.call("AUTH", "open")).toEqual(wrongPassword);
  expect(await client.call("AUTH", "someone", "open sesame")).toEqual(wrongPassword);
  expect(await client.call("AUTH", "default", "open sesame")).toEqual(["+", "OK"]);
  expect(await client.call("GET", "k")).toEqual(["$", null]);
  expect(await client.call("RESET")).toEqual(["+", "RESET"]);
  expect((await client.call("GET", "k"))[0]).toBe("-");
  expect((await client.call("HELLO", "3", "AUTH", "default", "open sesame"))[0]).toBe("%");
  using stranger = await RawClient.open(port);
  stranger.write("*2\r\n$3\r\nGET\r\n$20000\r\n");
  expect(await stranger.next()).toEqual(["-", "ERR Protocol error: unauthenticated bulk length"]);
});

test("without a password AUTH says so, as Redis does", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  expect((await client.call("AUTH", "x"))[1]).toMatch(/^ERR AUTH <password> called without any password configured/);
  expect(await client.call("AUTH", "default", "x")).toEqual(["+", "OK"]);
});

test("TLS: clients that trust the authority come in, those in the clear do not, and the server lives on", async () => {
  const authority = new Authority();
  const { certificate, key } = authority.sign("server", { subject: "localhost", names: "IP:127.0.0.1" });
  const { port } = await serverHere({
    tls: { cert: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") },
  });
  using clear = await RawClient.open(port);
  clear.write("PING\r\n");
  await clear.untilClosed();
  const socket = connectTls({ port, host: "127.0.0.1", ca: readFileSync(authority.certificate, "utf8") });
  await once(socket, "secureConnect");
  using client = new RawClient(socket);
  const value = "x".repeat(300_000);
  expect(await client.pipeline([["SET", "k", value], ["GET", "k"], ["PING"]])).toEqual([
    ["+", "OK"],
    ["$", value],
    ["+", "PONG"],
  ]);
});

import { describe, expect, test } from "vitest";
import { Access, isLoopback } from "../../../../src/cli/dashboard/access.ts";

const token = "a token of more than twenty-four characters";

test.each([
  "127.0.0.1:8080",
  "localhost",
  "LOCALHOST:1",
  "[::1]:80",
  "10.1.2.3:9",
  "logs.example.org",
  "logs.example.org:8443",
])("%s may be the name of the dashboard", (host) => {
  const access = new Access({ publicUrl: new URL("https://logs.example.org") });
  expect(access.refusal({ host })).toBeUndefined();
});

test.each([
  undefined,
  "",
  "evil.example",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "logs.example.org.evil",
  "a b",
  "::1",
  "[::1].evil",
])("the name %j is refused: somebody else may make it lead here", (host) => {
  const access = new Access({ publicUrl: new URL("https://logs.example.org") });
  expect(access.refusal({ host })).toMatchObject({ status: 421 });
});

describe("data", () => {
  const access = new Access({ token });
  const cookie = access.cookie().split(";")[0]!;

  test.each([
    { authorization: `Bearer ${token}` },
    { authorization: `bearer ${token}` },
    { cookie },
    { cookie: `other=1; ${cookie}` },
  ])("is given for %j", (headers) => expect(access.refusalOfData(headers)).toBeUndefined());

  test.each([
    {},
    { authorization: token },
    { authorization: `Bearer ${token}x` },
    { authorization: "Bearer " },
    { cookie: `${cookie}0` },
    { cookie: `log_archive_dashboard=${token}` },
    { cookie: "log_archive_dashboard=" },
  ])("is not given for %j", (headers) => expect(access.refusalOfData(headers)).toMatchObject({ status: 401 }));

  test("is not given to pages of other sites, also with the token", () => {
    for (const site of ["cross-site", "same-site"])
      expect(access.refusalOfData({ cookie, "sec-fetch-site": site })).toMatchObject({ status: 403 });
    expect(access.refusalOfData({ cookie, "sec-fetch-site": "same-origin" })).toBeUndefined();
  });

  test("needs no token where none is set", () => expect(new Access({}).refusalOfData({})).toBeUndefined());
});

test("only a page of its own origin may change something", () => {
  const access = new Access({ publicUrl: new URL("https://logs.example.org") });
  const host = "127.0.0.1:8080";
  expect(access.refusalOfChange({ host, origin: "http://127.0.0.1:8080" })).toBeUndefined();
  expect(access.refusalOfChange({ host, origin: "https://logs.example.org" })).toBeUndefined();
  for (const origin of [undefined, "null", "http://127.0.0.1:8081", "http://evil.example", "https://127.0.0.1:8080"])
    expect(access.refusalOfChange({ host, origin }), origin).toMatchObject({ status: 403 });
});

test("the cookie is out of reach of scripts and other sites, and does not hold the token", () => {
  const plain = new Access({ token }).cookie();
  expect(plain).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
  expect(plain).not.toContain(token);
  expect(new Access({ token, publicUrl: new URL("https://logs.example.org") }).cookie()).toMatch(/; Secure$/);
  expect(new Access({ token }).cookie()).toBe(plain); // a restart asks nobody again
});

test.each([
  ["127.0.0.1", true],
  ["127.9.8.7", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["127.0.0.1.example.org", false],
])("%s is only this machine: %s", (host, is) => expect(isLoopback(host)).toBe(is));

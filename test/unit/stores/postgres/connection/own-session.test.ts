import { EventEmitter } from "node:events";
import type pg from "pg";
import { expect, test } from "vitest";
import { requireOwnSession, type KnownServer } from "../../../../../src/stores/postgres/connection/own-session.ts";

/** A connection to a server process `pid` of a server started at `started`; a pooler before it tells `toldPid`. */
function connection(started: string, pid = 1, toldPid = pid): pg.Client {
  const query = () => Promise.resolve({ rows: [{ pid, started }] });
  const connectionParameters = {};
  const end = () => Promise.resolve();
  return Object.assign(new EventEmitter(), { processID: toldPid, connectionParameters, query, end }) as never;
}

const known = (): KnownServer => ({ startOf: new Map(), sessionsAreOwn: false });
const none = () => Promise.reject(new Error("not needed"));

test("connections open at once that lead to different servers are refused; after a restart of the server they are not", async () => {
  const server = known();
  const first = connection("1");
  await requireOwnSession(first, server, none);
  await requireOwnSession(connection("1", 2), server, none);
  await expect(requireOwnSession(connection("2"), server, none)).rejects.toMatchObject({
    code: "database_servers_differ",
  });
  for (const client of server.startOf.keys()) client.emit("end");
  await requireOwnSession(connection("2"), server, none);
});

test("a pooler that gives another the same session is found, and asked only until it is known not to", async () => {
  await expect(
    requireOwnSession(connection("1", 5, 77), known(), async () => connection("1", 5, 78)),
  ).rejects.toMatchObject({
    code: "database_pooler",
  });
  const server = known();
  await requireOwnSession(connection("1", 5, 77), server, async () => connection("1", 6, 78));
  await requireOwnSession(connection("1", 6, 79), server, none);
});

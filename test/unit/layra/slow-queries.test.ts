import type { Db } from "mongodb";
import { expect, test } from "vitest";
import { slowQueries } from "../../../src/layra/operate/slow-queries.ts";

/** As MongoDB 7 writes them. The server of the tests has no profiler. */
const recorded = [
  {
    op: "query",
    ns: "layra.chatflows",
    command: { find: "chatflows", filter: { workflow_id: "w" } },
    millis: 733,
    ts: new Date("2026-01-28T10:00:02Z"),
  },
  { op: "query", ns: "layra.files", query: { find: "files" }, millis: 120, ts: new Date("2026-01-28T10:00:01Z") },
];

function fakeDatabase(before: object, fail = false) {
  const commands: object[] = [];
  const asked: unknown[] = [];
  const cursor = {
    sort: (order: object) => (asked.push(order), cursor),
    limit: (limit: number) => (asked.push(limit), cursor),
    toArray: async () => recorded,
  };
  const db = {
    databaseName: "layra",
    command: async (command: { profile: number }) => {
      commands.push(command);
      if (fail && command.profile === 2) throw new Error("not authorized");
      return command.profile === -1 ? before : {};
    },
    collection: (name: string) => ({ find: (filter: object) => (asked.push(name, filter), cursor) }),
  };
  return { db: db as unknown as Db, commands, asked };
}

const still = new AbortController().signal;

test("L35: everything is profiled for the time, the profiler is set back to what it was, and the newest come first", async () => {
  const { db, commands, asked } = fakeDatabase({ was: 1, slowms: 250, sampleRate: 0.5 });
  const found = await slowQueries(db, { millis: 100, limit: 10, recordSeconds: 0.01 }, still);
  expect(commands).toEqual([{ profile: -1 }, { profile: 2 }, { profile: 1, slowms: 250, sampleRate: 0.5 }]);
  expect(asked).toEqual([
    "system.profile",
    { millis: { $gt: 100 }, ns: { $ne: "layra.system.profile" } },
    { ts: -1 },
    10,
  ]);
  expect(found).toEqual([
    {
      millis: 733,
      at: "2026-01-28T10:00:02.000Z",
      namespace: "layra.chatflows",
      operation: "query",
      query: recorded[0]!.command,
    },
    {
      millis: 120,
      at: "2026-01-28T10:00:01.000Z",
      namespace: "layra.files",
      operation: "query",
      query: recorded[1]!.query,
    },
  ]);
});

test("L35: a stop ends the recording early, and the profiler is set back all the same", async () => {
  const { db, commands } = fakeDatabase({ was: 0 });
  expect(await slowQueries(db, { millis: 100, limit: 10, recordSeconds: 3600 }, AbortSignal.abort())).toHaveLength(2);
  expect(commands.at(-1)).toEqual({ profile: 0 });
});

test("L35: what is recorded already is listed without touching the profiler", async () => {
  const { db, commands } = fakeDatabase({ was: 0 });
  expect(await slowQueries(db, { millis: 100, limit: 10, recordSeconds: 0 }, still)).toHaveLength(2);
  expect(commands).toEqual([]);
});

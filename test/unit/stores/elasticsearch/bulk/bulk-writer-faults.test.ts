import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { BulkWriter } from "../../../../../src/stores/elasticsearch/bulk/bulk-writer.ts";
import { bodyOf, documentOf } from "./bulk-documents.ts";
import { type Answer, bulkServer, type ItemError, type SentRecord } from "./bulk-server.ts";

// every wait is over at once; `waits` says how long it would have been
let waits: number[] = [];
vi.mock("node:timers/promises", () => ({
  setTimeout: async (delay: number, _value: unknown, { signal }: { signal: AbortSignal }) => {
    signal.throwIfAborted();
    waits.push(delay);
  },
}));
beforeEach(() => void (waits = []));

const never = new AbortController().signal;
const mappingError: ItemError = { status: 400, type: "document_parsing_exception", reason: "failed to parse" };
const queueFull: ItemError = {
  status: 429,
  type: "es_rejected_execution_exception",
  reason: "on EsThreadPoolExecutor",
};
const noMemory: ItemError = { status: 429, type: "circuit_breaking_exception", reason: "Data too large" };
const indexingPressure: ItemError = {
  status: 429,
  type: "es_rejected_execution_exception",
  reason: "rejected execution of primary operation [all_bytes=1, primary_operation_bytes=9, max_primary_bytes=5]",
};
const floodStage: ItemError = {
  status: 429,
  type: "cluster_block_exception",
  reason: "blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]",
};
const starting: ItemError = {
  status: 503,
  type: "cluster_block_exception",
  reason: "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];",
};
const noPrimary: ItemError = { status: 503, type: "unavailable_shards_exception", reason: "primary is not active" };

const whole = ({ status, ...error }: ItemError): Answer => ({ kind: "status", status, body: { error, status } });
const nth = (record: SentRecord): number => Number(record.id);

const passing = fc.constantFrom(queueFull, noMemory, indexingPressure, floodStage, starting, noPrimary);
const fault: fc.Arbitrary<(record: SentRecord) => ItemError | undefined> = fc
  .record({ error: passing, modulus: fc.integer({ min: 1, max: 4 }), rest: fc.nat(3) })
  .map(
    ({ error, modulus, rest }) =>
      (record) =>
        nth(record) % modulus === rest ? error : undefined,
  );
const answer = fc.oneof(
  fault.map((errorOf): Answer => ({ kind: "items", errorOf })),
  passing.map(whole),
  fc.constantFrom<Answer>({ kind: "status", status: 503 }, { kind: "status", status: 502, body: "Bad gateway" }),
  fc.record({ kind: fc.constantFrom("reset" as const, "timeout" as const), stored: fc.boolean() }),
);

test("whatever the server does for a while, every record ends written or refused for its own reason", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ arbitrary: fc.nat(300), weight: 5 }, fc.constantFrom(70_000, 900_000)), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.array(answer, { maxLength: 15 }),
      fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
      fc.option(fc.integer({ min: 500, max: 1_000_000 }), { nil: Infinity, freq: 2 }),
      async (sizes, script, poison, largestContent) => {
        const faults = [...script];
        const server = bulkServer((bulk) => {
          if (bulk.bytes > largestContent) return { kind: "status", status: 413 };
          const next = faults.shift();
          if (next !== undefined && next.kind !== "items") return next;
          const errorOf = (record: SentRecord) =>
            poison.includes(nth(record)) ? mappingError : next?.errorOf?.(record);
          return { kind: "items", errorOf };
        });
        const body = bodyOf(sizes);
        const writer = new BulkWriter(server.client, { maxRetries: 20 });
        const receipt = await writer.write("index-1", body, never);

        const tooLarge = (at: number) => body.record(at).length > largestContent;
        const expected = sizes.flatMap((_, at) => {
          const type = tooLarge(at) ? "http_413" : poison.includes(at) ? mappingError.type : undefined;
          return type === undefined ? [] : [{ id: `${at}`, type }];
        });
        const refused = receipt.refused.map(({ id, type }) => ({ id, type })).toSorted((a, b) => +a.id - +b.id);
        expect(refused).toEqual(expected);
        expect(receipt.written).toBe(sizes.length - expected.length);
        for (const [at, size] of sizes.entries()) {
          if (expected.some(({ id }) => id === `${at}`)) continue;
          expect(server.stored.get(`${at}`) === documentOf(at, size)).toBe(true);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("a record that was written is not sent again for the sake of another", async () => {
  const server = bulkServer((_, request) =>
    request === 1 ? { kind: "items", errorOf: (record) => (nth(record) % 2 === 0 ? queueFull : undefined) } : all,
  );
  await new BulkWriter(server.client, { maxRetries: 0 }).write("index-1", bodyOf([1, 1, 1, 1, 1]), never);
  expect(server.sent.map(({ records }) => records.map(({ id }) => id))).toEqual([
    ["0", "1", "2", "3", "4"],
    ["0", "2", "4"],
  ]);
});

const all: Answer = { kind: "items" };
const megabyte = 1024 * 1024;

test("requests shrink while memory is short, and grow again when it is not", async () => {
  let room = 300_000;
  const server = bulkServer((bulk) => (bulk.bytes > room ? whole(noMemory) : all));
  const writer = new BulkWriter(server.client, { maxRetries: 0 });
  const sizes = Array.from({ length: 100 }, () => 10_000);
  await writer.write("index-1", bodyOf(sizes), never);
  expect(server.stored.size).toBe(100);

  server.sent.length = 0;
  for (let at = 0; at < 5; at++) await writer.write("index-1", bodyOf(sizes), never);
  const refused = server.sent.filter(({ bytes }) => bytes > room).length;
  expect(refused).toBeGreaterThan(0); // it tries whether more fits again
  expect(refused).toBeLessThan(server.sent.length / 3);

  room = Infinity;
  for (let at = 0; at < 5; at++) await writer.write("index-1", bodyOf(sizes), never);
  expect(server.sent.at(-1)!.records.length).toBe(100);
});

test("requests are not made smaller than is of use", async () => {
  const server = bulkServer((_, request) => (request <= 15 ? whole(noMemory) : all));
  const writer = new BulkWriter(server.client, { maxRetries: 0 });
  await writer.write("index-1", bodyOf(Array.from({ length: 200 }, () => 1000)), never);
  expect(Math.min(...server.sent.map(({ records }) => records.length))).toBeGreaterThan(20);
});

describe("documents the memory refuses", () => {
  test.each([
    ["circuit breaker", noMemory],
    ["indexing pressure", indexingPressure],
  ])("a large document that the server's memory always refuses becomes a record error: %s", async (_, error) => {
    const server = bulkServer(() => ({
      kind: "items",
      errorOf: (record) => (nth(record) === 1 ? error : undefined),
    }));
    const receipt = await new BulkWriter(server.client, { maxRetries: 0 }).write(
      "index-1",
      bodyOf([100, 2 * megabyte, 100]),
      never,
    );
    expect(receipt).toEqual({ written: 2, newer: [], refused: [{ id: "1", type: error.type, reason: error.reason }] });
    expect(server.stored.size).toBe(2);
  });

  test.each([
    ["all that never fit are given up", [9, 9, 9], ["0", "1", "2"]],
    ["one that fits at last is not given up because another before it was", [9, 2, 2], ["0"]],
    ["nor because another before it took long", [5, 5, 5], []],
  ])("%s", async (_, refusals, givenUp) => {
    const times = [0, 0, 0];
    const server = bulkServer((bulk) => {
      if (bulk.records.length > 1) return whole(noMemory);
      const at = nth(bulk.records[0]!);
      return ++times[at]! <= refusals[at]! ? whole(noMemory) : all;
    });
    const sizes = [2 * megabyte, 2 * megabyte, 2 * megabyte];
    const receipt = await new BulkWriter(server.client, { maxRetries: 0 }).write("index-1", bodyOf(sizes), never);
    expect(receipt.refused.map(({ id }) => id)).toEqual(givenUp);
    expect(server.stored.size).toBe(3 - givenUp.length);
  });

  test.each([
    ["a queue that is full for long", queueFull],
    ["a shard that is away for long", noPrimary],
    ["a cluster that is starting", starting],
  ])("no document is given up for %s", async (_, error) => {
    const server = bulkServer((__, request) => (request <= 20 ? whole(error) : all));
    const receipt = await new BulkWriter(server.client, { maxRetries: 0 }).write(
      "index-1",
      bodyOf([2 * megabyte]),
      never,
    );
    expect(receipt).toEqual({ written: 1, newer: [], refused: [] });
  });

  test("a small document is not given up, however often it is refused alone", async () => {
    const server = bulkServer((_, request) => (request <= 20 ? whole(noMemory) : all));
    const receipt = await new BulkWriter(server.client, { maxRetries: 0 }).write("index-1", bodyOf([1000]), never);
    expect(receipt).toEqual({ written: 1, newer: [], refused: [] });
  });

  test("a small document is not given up for lack of memory, whatever went before", async () => {
    const server = bulkServer((bulk, request) => {
      if (request <= 10) return whole(floodStage);
      return {
        kind: "items",
        errorOf: (record) => (bulk.records.length > 1 && nth(record) === 3 ? noMemory : undefined),
      };
    });
    const sizes = Array.from({ length: 30 }, () => megabyte / 10);
    const receipt = await new BulkWriter(server.client, { maxRetries: 0 }).write("index-1", bodyOf(sizes), never);
    expect(receipt).toEqual({ written: 30, newer: [], refused: [] });
  });
});

test("a full disk is waited for without end, and its waits do not use up those for an answer", async () => {
  const server = bulkServer((_, request) => {
    if (request <= 60) return whole(floodStage);
    return request <= 62 ? { kind: "reset", stored: false } : all;
  });
  const receipt = await new BulkWriter(server.client, { maxRetries: 2 }).write("index-1", bodyOf([1]), never);
  expect(receipt.written).toBe(1);
});

test("waits grow to half a minute at most, and begin anew when something was written", async () => {
  const server = bulkServer((bulk, request) => {
    if (bulk.records.length > 1) return { kind: "status", status: 413 };
    return request <= 13 || request === 15 ? whole(floodStage) : all;
  });
  const writer = new BulkWriter(server.client, { maxRetries: 0, firstDelay: 500 });
  await writer.write("index-1", bodyOf([1, 1]), never);
  const longest = [...Array.from({ length: 12 }, (_, at) => Math.min(30_000, 500 * 2 ** at)), 500];
  expect(waits.length).toBe(longest.length);
  for (const [at, wait] of waits.entries()) {
    expect(wait).toBeLessThanOrEqual(longest[at]!);
    expect(wait).toBeGreaterThanOrEqual(longest[at]! / 2);
  }
});

test.each([
  ["no answer", { kind: "reset", stored: false }, 4, "did not answer after 4 attempts"],
  ["a full queue", whole(queueFull), 26, "stayed too busy after 26 attempts"],
] satisfies [string, Answer, number, string][])(
  "%s is an outage at last, whatever had been written before",
  async (_, fault_, attempts, message) => {
    const server = bulkServer((bulk) => (bulk.records.some((record) => nth(record) === 1) ? fault_ : all));
    const writer = new BulkWriter(server.client, { maxRetries: 3 });
    await expect(writer.write("index-1", bodyOf([1, 1]), never)).rejects.toThrow(
      expect.objectContaining({ code: "target_unavailable", message: expect.stringContaining(message) }),
    );
    expect(server.sent.length).toBe(attempts);
  },
);

test("says why it waits, and that it goes on", async () => {
  const told: (string | undefined)[] = [];
  const server = bulkServer((_, request) => (request === 1 ? whole(floodStage) : all));
  const onWait = (kind: string, reason: string) => {
    told.push(kind, reason);
    return () => void told.push(undefined);
  };
  const writer = new BulkWriter(server.client, { maxRetries: 0, onWait });
  await writer.write("index-1", bodyOf([1]), never);
  expect(told).toEqual(["disk_full", expect.stringContaining("flood stage"), undefined]);
});

const page = "<html><head><style>p { color: red }</style></head><body>\n<p>default backend</p></body></html>";

test.each([200, 301, 302, 400, 401, 403, 404, 405, 407, 418])(
  "a page of something in between with status %d is no verdict on a record, and is tried again",
  async (status) => {
    const server = bulkServer((_, attempt) => (attempt <= 12 ? { kind: "page", status, page } : { kind: "items" }));
    const writer = new BulkWriter(server.client, { maxRetries: 1 });
    expect(await writer.write("index-1", bodyOf([10]), never)).toMatchObject({ written: 1, refused: [] });
    expect(server.sent).toHaveLength(13);
  },
);

test("JSON of a gateway is none of Elasticsearch's either; what goes on for too long fails with who answered", async () => {
  const server = bulkServer(() => ({ kind: "page", status: 404, page: '{"error":"no route","status":404}' }));
  const writing = new BulkWriter(server.client, { maxRetries: 1 }).write("index-1", bodyOf([10]), never);
  await expect(writing).rejects.toMatchObject({
    code: "elasticsearch_intercepted",
    message: expect.stringContaining("something in between answered 404") as string,
    hint: expect.stringContaining("no record was judged") as string,
  });
});

test("a 413 page splits the request, and its text is cut for the record that is too large by itself", async () => {
  const server = bulkServer((bulk) =>
    bulk.bytes > 1000 ? { kind: "page", status: 413, page: page.repeat(9) } : { kind: "items" },
  );
  const { written, refused } = await new BulkWriter(server.client, { maxRetries: 1 }).write(
    "index-1",
    bodyOf([10, 2000, 10]),
    never,
  );
  expect({ written, ids: refused.map(({ id }) => id) }).toEqual({ written: 2, ids: ["1"] });
  expect(refused[0]!.type).toBe("http_413");
  expect(refused[0]!.reason).toMatch(/^default backend default/);
  expect(refused[0]!.reason.length).toBeLessThan(100);
});

import { Client } from "@elastic/elasticsearch";
import { expect, test } from "vitest";
import { BulkWriter } from "../../../../../src/stores/elasticsearch/bulk/bulk-writer.ts";
import { bodyOf } from "./bulk-documents.ts";
import { allStored, type Answer, bulkServer } from "./bulk-server.ts";
import { startFakeServer } from "../../../../support/fake-elasticsearch.ts";

const never = new AbortController().signal;

function writing(answer: Answer, records = 2) {
  const server = bulkServer(() => answer);
  const stop = new AbortController();
  const writer = new BulkWriter(server.client, { maxRetries: 3, firstDelay: 1 });
  const receipt = writer.write("index-1", bodyOf(Array.from({ length: records }, () => 10)), stop.signal);
  return { ...server, receipt, stop };
}

test("an empty body needs no records refused or written", async () => {
  const { receipt } = writing(allStored, 0);
  expect(await receipt).toEqual({ written: 0, newer: [], refused: [] });
});

test("requests carry the X-Opaque-Id given, by which the cluster tells whose they are", async () => {
  const server = await startFakeServer(() => ({ body: { errors: false, items: [{ index: { status: 201 } }] } }));
  try {
    const writer = new BulkWriter(new Client({ node: server.url }), { maxRetries: 0, opaqueId: "run-1" });
    await writer.write("index-1", bodyOf([10]), never);
  } finally {
    await server.stop();
  }
  expect(server.seen.map(({ headers }) => headers["x-opaque-id"])).toEqual(["run-1"]);
});

const error = (status: number, type: string, reason = "reason"): Answer => ({
  kind: "status",
  status,
  body: { error: { type, reason }, status },
});
const itemError = (status: number, type: string): Answer => ({
  kind: "items",
  errorOf: () => ({ status, type, reason: "reason" }),
});

test.each([
  ["a missing index", error(404, "index_not_found_exception"), "index_gone"],
  ["an index deleted meanwhile", itemError(404, "index_not_found_exception"), "index_gone"],
  ["a closed index", itemError(400, "index_closed_exception"), "target_refuses"],
  ["a write block", itemError(403, "cluster_block_exception"), "target_refuses"],
  ["missing privileges", error(403, "security_exception"), "target_refuses"],
  ["wrong credentials", error(401, "security_exception"), "target_refuses"],
])("%s ends the run at once and says what to do", async (_, answer, code) => {
  const { receipt, sent } = writing(answer);
  await expect(receipt).rejects.toThrow(
    expect.objectContaining({ name: "AppError", code, hint: expect.stringContaining("same command again") }),
  );
  expect(sent.length).toBe(1);
});

test("one such record among others ends the run too, whatever the problem of the last one", async () => {
  const { receipt } = writing({
    kind: "items",
    errorOf: ({ id }) =>
      id === "0"
        ? { status: 403, type: "security_exception" }
        : { status: 429, type: "es_rejected_execution_exception" },
  });
  await expect(receipt).rejects.toThrow(expect.objectContaining({ code: "target_refuses" }));
});

test("a reason and its cause are both told", async () => {
  const { receipt } = writing({
    kind: "body",
    body: {
      errors: true,
      items: [
        {
          index: { status: 400, error: { type: "t", reason: "failed", caused_by: { type: "c", reason: "bad date" } } },
        },
        { index: { status: 400, error: { type: "t" } } },
      ],
    },
  });
  expect(await receipt).toEqual({
    written: 0,
    newer: [],
    refused: [
      { id: "0", type: "t", reason: "failed; bad date" },
      { id: "1", type: "t", reason: "" },
    ],
  });
});

test("a request refused as a whole is taken apart until the record to blame is alone", async () => {
  const server = bulkServer(({ records }) =>
    records.some(({ id }) => id === "5") ? error(400, "illegal_argument_exception", "malformed") : allStored,
  );
  const body = bodyOf(Array.from({ length: 16 }, () => 10));
  const receipt = await new BulkWriter(server.client, { maxRetries: 0 }).write("index-1", body, never);
  expect(receipt).toEqual({
    written: 15,
    newer: [],
    refused: [{ id: "5", type: "illegal_argument_exception", reason: "malformed" }],
  });
  expect(server.stored.size).toBe(15);
  expect(server.sent.length).toBe(1 + 2 * 4);
});

test.each([
  ["fewer items than records", { errors: false, items: [{ index: { status: 201 } }] }],
  ["no items", { errors: false }],
  ["something else altogether", { acknowledged: true }],
])("%s in the answer is no success", async (_, body) => {
  const { receipt } = writing({ kind: "body", body });
  await expect(receipt).rejects.toThrow(expect.objectContaining({ name: "AppError", code: "unexpected_answer" }));
});

test("a stop ends the wait between attempts with an AbortError", async () => {
  const server = bulkServer(() => error(429, "es_rejected_execution_exception"));
  const stop = new AbortController();
  const writer = new BulkWriter(server.client, {
    maxRetries: 3,
    firstDelay: 60_000,
    onWait: () => {
      stop.abort();
      return () => {};
    },
  });
  await expect(writer.write("index-1", bodyOf([1]), stop.signal)).rejects.toThrow(
    expect.objectContaining({ name: "AbortError" }),
  );
  expect(server.sent.length).toBe(1);
});

test("each request waits for its gate, and a gate that a stop ends ends the write", async () => {
  const server = bulkServer((_, request) =>
    request === 1 ? error(429, "es_rejected_execution_exception") : allStored,
  );
  const stop = new AbortController();
  let asked = 0;
  const beforeRequest = async (signal: AbortSignal) => {
    if (++asked === 1) return;
    stop.abort();
    signal.throwIfAborted();
  };
  const writer = new BulkWriter(server.client, { maxRetries: 3, firstDelay: 1, beforeRequest });
  await expect(writer.write("index-1", bodyOf([1]), stop.signal)).rejects.toThrow(
    expect.objectContaining({ name: "AbortError" }),
  );
  expect({ asked, sent: server.sent.length }).toEqual({ asked: 2, sent: 1 });
});

test("a stop does not break off a request under way", async () => {
  const { receipt, stop, stored } = writing(allStored);
  stop.abort();
  expect(await receipt).toEqual({ written: 2, newer: [], refused: [] });
  expect(stored.size).toBe(2);
});

test("a record that the index has at a higher version is neither refused nor sent again, and is told", async () => {
  const { receipt, sent } = writing({
    kind: "items",
    errorOf: ({ id }) => (id === "1" ? { status: 409, type: "version_conflict_engine_exception" } : undefined),
  });
  expect(await receipt).toEqual({ written: 2, newer: ["1"], refused: [] });
  expect(sent.length).toBe(1);
});

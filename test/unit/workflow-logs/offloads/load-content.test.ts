import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { BlobStorage } from "../../../../src/stores/blobs/blob-storage.ts";
import { loadContent } from "../../../../src/workflow-logs/offloads/load-content.ts";
import type { Offload } from "../../../../src/workflow-logs/offloads/offloaded-rows.ts";

const text = Buffer.from('{"text": "全部"}\0');
const hash = createHash("sha3-256").update(text).digest("hex");
const good = { tenant_id: "t", key: "k", size: String(text.length), hash };

function storageOf(content: Buffer | undefined): Pick<BlobStorage, "load"> {
  return {
    load: async (_key, maxBytes) => content?.subarray(0, maxBytes),
  };
}

const load = (file: Offload["file"], content: Buffer | undefined = text, most = 1000) =>
  loadContent(storageOf(content), "t", { id: "o", type: "outputs", ...(file !== undefined && { file }) }, most);

test.each<[string, Offload["file"]]>([
  ["size and hash", good],
  ["size alone", { ...good, hash: null }],
  ["a hash in capitals", { ...good, hash: hash.toUpperCase() }],
  ["hash alone", { ...good, size: null }],
])("a content that agrees with %s is taken byte for byte", async (_, file) => {
  expect(await load(file)).toEqual({ text });
});

test.each<[string, Offload["file"], Buffer?]>([
  ["no_file_row", null],
  ["no_file_row", undefined],
  ["no_file_row", { ...good, key: null }],
  ["file_of_other_tenant", { ...good, tenant_id: "u" }],
  ["size_differs", { ...good, size: "1" }],
  ["size_differs", { ...good, size: "999" }],
  ["size_differs", good, Buffer.concat([text, Buffer.from("x")])],
  ["size_differs", good, Buffer.alloc(0)],
  ["hash_differs", good, Buffer.alloc(text.length)],
  ["hash_differs", { ...good, hash: "0".repeat(64) }],
  ["too_large", { ...good, size: "1001" }],
  ["too_large", { ...good, size: null }, Buffer.alloc(1001)],
  ["not_text", { ...good, size: "2", hash: null }, Buffer.from([0xff, 0xfe])],
  ["not_text", { ...good, size: "1", hash: null }, text.subarray(10, 11)],
])("%s: %j", async (error, file, content = text) => {
  expect(await load(file, content)).toEqual({ error });
});

test("a file that is not there", async () => {
  expect(await loadContent(storageOf(undefined), "t", { file: good }, 1000)).toEqual({ error: "file_missing" });
});

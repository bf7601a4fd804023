import { resolve } from "node:path";
import { expect, test } from "vitest";
import { assemble } from "../../../../dev/wasm/assemble.ts";
import { jsonTextCode } from "../../../../src/workflow-logs/documents/json-text-code.ts";

test("the WebAssembly in the tree is that of its text", async () => {
  const text = resolve(import.meta.dirname, "../../../../src/workflow-logs/documents/json-text.wat");
  expect(jsonTextCode).toBe((await assemble(text)).toString("base64"));
});

import { expect, test } from "vitest";
import { assemble } from "../../../dev/wasm/assemble.ts";
import { wasmTexts } from "../../../dev/wasm/texts.ts";

test.each(wasmTexts)("the WebAssembly $constant in the tree is that of its text", async ({ text, code, constant }) => {
  const inTree = (await import(code)) as Record<string, string>;
  expect(inTree[constant]).toBe((await assemble(text)).toString("base64"));
});

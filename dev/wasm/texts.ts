import { resolve } from "node:path";

const src = resolve(import.meta.dirname, "../../src");

/** Each text of a WebAssembly, the file that its code is written to, and the constant that holds it there. */
export const wasmTexts = [
  { path: "workflow-logs/documents/json-text", constant: "jsonTextCode" },
  { path: "stores/elasticsearch/documents/json-members", constant: "jsonMembersCode" },
  { path: "stores/postgres/copy/copy-text", constant: "copyTextCode" },
].map(({ path, constant }) => ({
  text: resolve(src, `${path}.wat`),
  code: resolve(src, `${path}-code.ts`),
  constant,
}));

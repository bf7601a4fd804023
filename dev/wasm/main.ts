/** npm run wasm: writes json-text-code.ts anew, after a change of json-text.wat. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { assemble } from "./assemble.ts";

const folder = resolve(import.meta.dirname, "../../src/workflow-logs/documents");
const code = await assemble(resolve(folder, "json-text.wat"));
writeFileSync(
  resolve(folder, "json-text-code.ts"),
  `/** json-text.wat as WebAssembly, in base64: made by \`npm run wasm\`. */
export const jsonTextCode =
  "${code.toString("base64")}";
`,
);

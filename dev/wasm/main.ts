/** npm run wasm: writes json-escapes-code.ts anew, after a change of json-escapes.wat. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { assemble } from "./assemble.ts";

const folder = resolve(import.meta.dirname, "../../src/workflow-logs/documents");
const code = await assemble(resolve(folder, "json-escapes.wat"));
writeFileSync(
  resolve(folder, "json-escapes-code.ts"),
  `/** json-escapes.wat as WebAssembly, in base64: made by \`npm run wasm\`. */
export const jsonEscapesCode =
  "${code.toString("base64")}";
`,
);

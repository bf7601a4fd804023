/** npm run wasm: writes the code of each WebAssembly anew, after a change of its text. */
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { assemble } from "./assemble.ts";
import { wasmTexts } from "./texts.ts";

for (const { text, code, constant } of wasmTexts) {
  const assembled = await assemble(text);
  writeFileSync(
    code,
    `/** ${basename(text)} as WebAssembly, in base64: made by \`npm run wasm\`. */
export const ${constant} =
  "${assembled.toString("base64")}";
`,
  );
}

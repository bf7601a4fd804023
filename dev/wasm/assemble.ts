import { readFileSync } from "node:fs";
import loadWabt from "wabt";

/** The WebAssembly that a text of it stands for. */
export async function assemble(file: string): Promise<Buffer> {
  const wabt = await loadWabt();
  const parsed = wabt.parseWat(file, readFileSync(file, "utf8"), { simd: true });
  try {
    return Buffer.from(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

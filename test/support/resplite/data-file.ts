import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A path in a folder of its own, which goes when the test is finished. */
export function temporaryFile(name = "data.db"): string {
  const folder = mkdtempSync(join(tmpdir(), "resplite-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

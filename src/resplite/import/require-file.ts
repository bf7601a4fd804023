import { existsSync } from "node:fs";
import { UsageError } from "../../engine/errors.ts";

/** For commands that look at an import: they make no file. @throws UsageError no_such_file */
export function requireFile(path: string): void {
  if (existsSync(path)) return;
  throw new UsageError("no_such_file", `There is no file ${path}.`, {
    hint: "--to names the file that a bulk import or a tracker has made.",
  });
}

import { createRequire } from "node:module";
import type * as Sqlite from "node:sqlite";
import { UsageError } from "../../engine/errors.ts";

/**
 * SQLite as Node has it. An import of `node:sqlite` would fail where an older Node links the library, before a line of
 * it ran, and with a sentence that names no version; so this is the one place that loads it.
 */
export const { DatabaseSync } = load();
export type DatabaseSync = Sqlite.DatabaseSync;

function load(): typeof Sqlite {
  try {
    return createRequire(import.meta.url)("node:sqlite") as typeof Sqlite;
  } catch (cause) {
    throw new UsageError("unsupported_node", "log-archive needs Node.js 22.13 or newer: this one has no node:sqlite.", {
      hint: "Run the application on a newer Node.js. Nothing was touched.",
      cause,
    });
  }
}

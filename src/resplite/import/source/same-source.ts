import type { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../engine/errors.ts";
import { withoutPassword } from "../../../stores/redis/binary-client.ts";
import { databaseOf } from "./source-server.ts";
import { findRun } from "../run-record.ts";

/** One run has one source: the keys of two would replace each other. @throws UsageError */
export function requireSameSource(file: DatabaseSync, runId: string, from: string): void {
  const run = findRun(file, runId);
  if (run === undefined || databaseOf(run.source_uri) === databaseOf(from)) return;
  throw new UsageError(
    "other_source",
    `Run ${runId} imports ${run.source_uri}, not ${withoutPassword(from)}: that is another database.`,
    { hint: "Name the same database, or another --run-id for another import. Nothing was changed." },
  );
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { installOnce } from "../../support/capture.ts";
import { runId, saveRun, tenantId } from "../../support/race-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let proxy: FaultProxy;
beforeEach(async () => {
  archive = await createTestArchive({});
  proxy = await startFaultProxy(archive.elasticsearchUrl);
  for (const number of [1, 2]) await saveRun(archive, number, "2025-08-15 10:00", "old");
  await installOnce(archive);
  await migrateOnce(archive);
});
afterEach(async () => {
  await proxy.close();
  await archive.drop();
});

function application(what: string, number: number): Promise<[code: number, output: string]> {
  const program = join(import.meta.dirname, "close-application.ts");
  const args = [archive.databaseUrl, proxy.url, archive.prefix, tenantId, runId(number), what];
  const child = spawn(process.execPath, [program, ...args]);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return once(child, "close").then(([code]) => [code as number, output]);
}

test("close returns though a delete or a second write waits for Elasticsearch, and what follows it in the application is done", async () => {
  proxy.set({ kind: "reset" });
  const ends = await Promise.all([application("a delete", 1), application("a second write", 2)]);
  expect(ends).toEqual([
    [0, "closing\nclosed\n"],
    [0, "closing\nclosed\n"],
  ]);
  const { rows } = await archive.sql.query(
    `SELECT (SELECT count(*)::int FROM log_archive.requested_deletes) AS deletes,
            (SELECT count(*)::int FROM log_archive.dirty_rows WHERE operation = 'T') AS dirty`,
  );
  expect(rows).toEqual([{ deletes: 1, dirty: 1 }]);
});

import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openData } from "../../../src/resplite/data/data.ts";
import { temporaryFile } from "../../support/resplite/data-file.ts";
import { RawClient } from "../../support/resplite/raw-client.ts";
import { serverHere } from "../../support/resplite/server-here.ts";
import { startServerProcess } from "../../support/resplite/server-process.ts";

const megabyte = 1024 * 1024;
/** More than the log may have before it is written to the file. */
const megabytes = 80;
const value = (round: number, at: number): string => `${round}-${at};`.repeat(megabyte).slice(0, megabyte);

/** Overwrites ten keys again and again, each time by something else: what is the same SQLite does not write. */
async function writeMuch(client: RawClient, round: number): Promise<void> {
  for (let at = 0; at < megabytes; at += 1) {
    expect(await client.call("SET", `k${at % 10}`, value(round, at))).toEqual(["+", "OK"]);
  }
}

test("R30: the log is written to the file while the server works, and begins anew", { timeout: 60_000 }, async () => {
  const db = temporaryFile();
  const server = await serverHere({ db });
  using client = await RawClient.open(server.port);
  for (let round = 1; round <= 4; round += 1) {
    await writeMuch(client, round);
    await waitFor(() => statSync(db).size > 10 * megabyte);
    await waitFor(() => unwritten(db) < 16_000);
  }
  expect(statSync(`${db}-wal`).size).toBeLessThan(2 * megabytes * megabyte); // of four times as much
  await server.close();
  using data = openData(db);
  for (let at = 0; at < 10; at += 1) {
    const kept = String(data.strings.get(Buffer.from(`k${at}`)));
    expect(kept === value(4, megabytes - 10 + at)).toBe(true);
  }
});

test("R30: a server whose thread has worked stops as told, without a word", { timeout: 60_000 }, async () => {
  const db = temporaryFile();
  const server = await startServerProcess(["--db", db, "--port", "0"]);
  using client = await RawClient.open(server.port);
  await writeMuch(client, 1);
  await waitFor(() => unwritten(db) < 16_000);
  const { code, stderr } = await server.end("SIGTERM");
  expect(stderr).not.toContain("Warning");
  expect(code).toBe(143);
});

/** Pages of the log that are not yet in the file. */
function unwritten(db: string): number {
  using data = openData(db);
  const { log, checkpointed } = data.file.prepare("PRAGMA wal_checkpoint(NOOP)").get() as Record<string, number>;
  return log! - checkpointed!;
}

async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

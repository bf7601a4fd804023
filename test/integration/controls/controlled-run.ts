import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { RunRecord } from "../../../src/runs/run-record.ts";
import { runAppHere } from "../../support/app-here.ts";
import type { TestArchive } from "../../support/test-archive.ts";

/** `app runs ...` as another terminal would call it. */
export async function runs(
  archive: TestArchive,
  ...args: string[]
): Promise<{ code: number | null; document: unknown }> {
  const { code, stdout } = await runAppHere(archive, ["runs", ...args, "--json"]);
  return { code, document: JSON.parse(stdout) };
}

export async function shown(archive: TestArchive, id: string): Promise<RunRecord> {
  return (await runs(archive, "show", id)).document as RunRecord;
}

/** The id of the run under way. */
export async function runUnderWay(archive: TestArchive): Promise<string> {
  return until(async () => {
    const { document } = await runs(archive, "list");
    return (document as { runs: RunRecord[] }).runs.find(({ status }) => status === "running")?.id;
  });
}

/** Resolves when the run says that it waits for this. */
export async function untilWaiting(archive: TestArchive, id: string, waiting: RegExp): Promise<void> {
  await until(async () => {
    const { rows } = await archive.sql.query<{ waiting: string | null }>(
      "SELECT waiting FROM log_archive.runs WHERE id = $1",
      [id],
    );
    return waiting.test(rows[0]?.waiting ?? "") || undefined;
  });
}

export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const giveUp = performance.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUp) throw new Error(`This was not seen within half a minute: ${look.toString()}`);
    await sleep(20);
  }
}

/**
 * Expects that what is in flight comes to its end, and then for so long that the program does nothing in either store
 * of the archive.
 */
export async function expectQuiet(archive: TestArchive, millis: number): Promise<void> {
  const asked = performance.now();
  let quietSince = asked;
  let seen: string[] = [];
  while (performance.now() - quietSince < millis) {
    const found = [...(await statements(archive)), ...(await tasks(archive))];
    if (found.length > 0) [quietSince, seen] = [performance.now(), found];
    // two seconds, and as much again for a machine that does other things beside
    expect({ seen, tooLong: quietSince - asked > 4000 }).toEqual({ seen, tooLong: false });
    await sleep(10);
  }
}

/** Statements and transactions of the program, but for those that ask whether it may go on and say that it lives. */
async function statements({ sql }: TestArchive): Promise<string[]> {
  const { rows } = await sql.query<{ query: string }>(
    `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'log-archive' AND state <> 'idle'
        AND query !~ '^(select "requested_state"|update "log_archive"."runs")'`,
  );
  return rows.map(({ query }) => query);
}

async function tasks({ elasticsearchUrl, prefix }: TestArchive): Promise<string[]> {
  const answer = await fetch(`${elasticsearchUrl}/_tasks?detailed&actions=indices:data/*&group_by=none`);
  const { tasks: found } = (await answer.json()) as { tasks: { action: string; description: string }[] };
  return found.filter(({ description }) => description.includes(prefix)).map(({ action }) => action);
}

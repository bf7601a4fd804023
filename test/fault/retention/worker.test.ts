import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { scheduleRetention } from "../../../src/workflow-logs/retention/schedule/schedule.ts";
import { startApp } from "../../support/app-process.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { createRetentionArchive, indexExists, putIndex } from "../../support/retention-archive.ts";
import { everyFiveSeconds, sweepJobs, until } from "../../support/scheduled-sweeps.ts";
import type { TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { startWorker } from "../../support/worker-process.ts";

interface Ending {
  child: { kill(signal: "SIGKILL"): boolean };
  end: Promise<unknown>;
}

interface Scene {
  archive: TestArchive;
  /** Elasticsearch, through a proxy that can be made slow. */
  slow: FaultProxy;
  /** Ends with the test. */
  start: <P extends Ending>(process: P) => P;
}

/** A test with stores of its own: what takes the time is waiting, so all of them wait at once. */
function scene(name: string, cron: string, body: (scene: Scene) => Promise<void>): void {
  test.concurrent(name, async () => {
    const archive = await createRetentionArchive();
    const slow = await startFaultProxy(archive.elasticsearchUrl);
    const processes: Ending[] = [];
    try {
      await withTestConnections(archive, {}, (connections) =>
        scheduleRetention(connections, { cron, timezone: "UTC", tenantIds: [], retentionDays: 30, scheduledBy: "ops" }),
      );
      const start: Scene["start"] = (process) => {
        processes.push(process);
        return process;
      };
      await body({ archive, slow, start });
    } finally {
      for (const { child } of processes) child.kill("SIGKILL");
      await Promise.all(processes.map(({ end }) => end));
      await slow.close();
      await archive.drop();
    }
  });
}

/** Indices of several tenants that are all past their retention: a sweep goes tenant by tenant. */
async function putIndices(archive: TestArchive, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let at = 0; at < count; at++) {
    const tenantId = `00000000-0000-4000-8000-0000000000${String(at).padStart(2, "0")}`;
    names.push(await putIndex(archive, { tenantId, month: "2024-01", createdAt: ["2024-01-05T00:00:00Z"] }));
  }
  return names;
}

async function left(archive: TestArchive, names: readonly string[]): Promise<number> {
  const there = await Promise.all(names.map((name) => indexExists(archive, name)));
  return there.filter(Boolean).length;
}

/** For every index how often it was journaled, and as what. */
async function journaled({ sql }: TestArchive): Promise<Record<string, string[]>> {
  const { rows } = await sql.query<{ name: string; states: string[] }>(
    "SELECT index_name AS name, array_agg(state ORDER BY id) AS states FROM log_archive.retention_deletions GROUP BY 1",
  );
  return Object.fromEntries(rows.map(({ name, states }) => [name, states]));
}

const slots = 3;

scene("of three workers one does each slot, and never two at once", everyFiveSeconds, async ({ archive, start }) => {
  const workers = ["first", "second", "third"].map((name) => start(startWorker(archive, name)));
  const jobs = await until("the slots", async () => {
    const done = (await sweepJobs(archive)).filter(({ state }) => state === "completed");
    return done.length >= slots && done;
  });

  // No slot twice. When a job was made says nothing of its slot: on a busy machine a late one and a punctual one are
  // made together.
  const { rows: slotsBegun } = await archive.sql.query(
    "SELECT DISTINCT singleton_on, singleton_key FROM log_archive_jobs.job WHERE name = '__pgboss__send-it'",
  );
  expect((await sweepJobs(archive)).length).toBeLessThanOrEqual(slotsBegun.length);
  for (const [at, job] of jobs.entries()) {
    expect(job.attempts).toBe(1);
    if (at > 0) expect(job.started!.getTime()).toBeGreaterThanOrEqual(jobs[at - 1]!.completed!.getTime());
  }
  const runs = await archive.sql.query<{ id: string }>("SELECT id FROM log_archive.runs WHERE status = 'completed'");
  expect(runs.rows.map(({ id }) => id)).toEqual(expect.arrayContaining(jobs.map(({ output }) => output!["runId"])));
  const begun = workers.flatMap(({ log }) => log.filter(({ msg }) => msg === "retention sweep begins"));
  expect(new Set(begun.map(({ job }) => job)).size).toBe(begun.length);
});

scene(
  "after kill -9 of the working worker another completes the sweep",
  everyFiveSeconds,
  async ({ archive, slow, start }) => {
    const names = await putIndices(archive, 6);
    slow.set({ kind: "delay", millis: 120 });
    const killed = start(startWorker({ ...archive, elasticsearchUrl: slow.url }, "killed"));
    await until("the first deletion", async () =>
      Object.values(await journaled(archive))
        .flat()
        .includes("deleted"),
    );
    killed.child.kill("SIGKILL");
    await killed.end;
    expect(await left(archive, names)).toBeGreaterThan(0);
    const [job] = await sweepJobs(archive);
    expect(job).toMatchObject({ state: "active", attempts: 1 });

    const other = start(startWorker(archive, "other"));
    await until("the second attempt", async () =>
      (await sweepJobs(archive)).some(
        ({ id, state, attempts }) => id === job!.id && state === "completed" && attempts === 2,
      ),
    );

    expect(await left(archive, names)).toBe(0);
    expect(other.log.find(({ msg }) => msg === "retention sweep begins")).toMatchObject({ job: job!.id, attempt: 2 });
    for (const states of Object.values(await journaled(archive))) {
      expect(states.filter((state) => state === "deleted")).toHaveLength(1);
      expect(states).not.toContain("deleting");
    }
  },
);

scene(
  "SIGTERM ends app worker with 143, and its sweep goes to the next at once",
  everyFiveSeconds,
  async ({ archive, slow, start }) => {
    const names = await putIndices(archive, 6);
    slow.set({ kind: "delay", millis: 120 });
    const stopped = start(startApp({ ...archive, elasticsearchUrl: slow.url }, ["worker", "--json"]));
    await until("the first deletion", async () =>
      Object.values(await journaled(archive))
        .flat()
        .includes("deleted"),
    );
    stopped.child.kill("SIGTERM");

    const end = await stopped.end;

    expect(end).toMatchObject({ code: 143, signal: null });
    const none = { completed: 0, failed: 0, interrupted: 0, dropped: 0 };
    expect(JSON.parse(end.stdout)).toEqual({ command: "worker", ...none, interrupted: 1, partitions: none });
    expect(end.stderr).toMatch(
      /"worker started"[^]*"retention sweep begins"[^]*"retention sweep interrupted[^]*"worker stopped"/,
    );
    expect(await left(archive, names)).toBeGreaterThan(0);
    const states = Object.values(await journaled(archive)).flat();
    expect(states).not.toContain("deleting"); // it stopped where it is safe
    const [job] = await sweepJobs(archive);
    expect(job).toMatchObject({ state: "retry", attempts: 1 });

    const asked = performance.now();
    start(startWorker(archive, "other"));
    await until("the end of the same sweep", async () => (await sweepJobs(archive))[0]!.state === "completed");
    expect(performance.now() - asked).toBeLessThan(15_000); // and not after a pause as for one that failed
    expect(await left(archive, names)).toBe(0);
  },
);

scene("a worker outlives a restart of PostgreSQL", everyFiveSeconds, async ({ archive, start }) => {
  const postgres = await startFaultProxy(archive.databaseUrl);
  try {
    const worker = start(startWorker({ ...archive, databaseUrl: postgres.url }, "survivor"));
    const completed = async (): Promise<number> =>
      (await sweepJobs(archive)).filter(({ state }) => state === "completed").length;
    await until("a sweep before", async () => (await completed()) > 0);
    postgres.set({ kind: "reset" });
    await sleep(3000);
    const before = await completed();
    postgres.set({ kind: "pass" });

    await until("a sweep after", async () => (await completed()) > before);

    expect(worker.child.exitCode).toBeNull();
    const trouble = worker.log.filter(({ msg }) => msg.startsWith("trouble"));
    expect(trouble.length).toBeGreaterThan(0);
    expect(trouble.length).toBeLessThan(10); // each message once a minute
  } finally {
    await postgres.close();
  }
});

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { withBoss } from "../../../src/stores/postgres/jobs/open-boss.ts";
import type { RetentionSchedule } from "../../../src/workflow-logs/retention/schedule/schedule.ts";
import { runAppHere } from "../../support/app-here.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { createRetentionArchive, indexExists, journal, putIndex } from "../../support/retention-archive.ts";
import {
  everyFiveSeconds,
  startWorkerHere,
  sweepJobs,
  until,
  type WorkerHere,
} from "../../support/scheduled-sweeps.ts";
import type { TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const tenant = "11111111-1111-4111-8111-111111111111";

interface Scene {
  archive: TestArchive;
  proxy: FaultProxy;
  /** An index that the next sweep deletes. */
  index: string;
  schedule: (cron: string) => Promise<void>;
  /** As `status` shows it. */
  shown: () => Promise<RetentionSchedule>;
  /** A worker that reaches Elasticsearch through the proxy. */
  startWorker: () => WorkerHere;
}

/** A test with stores of its own: what takes the time is waiting, so all of them wait at once. */
function scene(name: string, body: (scene: Scene) => Promise<void>): void {
  test.concurrent(name, async () => {
    const archive = await createRetentionArchive();
    const proxy = await startFaultProxy(archive.elasticsearchUrl);
    const workers: WorkerHere[] = [];
    try {
      await body({
        archive,
        proxy,
        index: await putIndex(archive, { tenantId: tenant, month: "2024-01", createdAt: ["2024-01-05T00:00:00Z"] }),
        async schedule(cron) {
          const end = await runAppHere(archive, ["elasticsearch", "retention", "schedule", "--cron", cron, "--yes"]);
          expect(end).toMatchObject({ code: 0 });
        },
        async shown() {
          const { stdout } = await runAppHere(archive, ["elasticsearch", "status", "--json"]);
          return (JSON.parse(stdout) as { schedule: RetentionSchedule }).schedule;
        },
        startWorker() {
          workers.push(startWorkerHere({ ...archive, elasticsearchUrl: proxy.url }));
          return workers.at(-1)!;
        },
      });
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
      await proxy.close();
      await archive.drop();
    }
  });
}

scene(
  "what came due an hour long while no worker ran is made up for once",
  async ({ archive, index, schedule, shown, startWorker }) => {
    await schedule("*/5 * * * *");
    await archive.sql.query("UPDATE log_archive_jobs.schedule SET created_on = now() - interval '1 day'");
    await archive.sql.query("UPDATE log_archive_jobs.version SET cron_on = now() - interval '1 hour'");

    startWorker();
    await until("the missed sweep", async () => (await sweepJobs(archive)).some(({ state }) => state === "completed"));
    await sleep(4000); // many passes more

    expect(await sweepJobs(archive)).toMatchObject([{ state: "completed", attempts: 1 }]);
    expect(await indexExists(archive, index)).toBe(false);
    expect(await journal(archive, tenant)).toMatchObject([
      { state: "deleted", operator: expect.stringMatching(/^worker here for .+@.+$/) },
    ]);
    expect(await shown()).toMatchObject({
      lastRun: { state: "completed", result: { status: "completed", indices: 1, documents: 1 }, error: null },
      lastFailure: null,
    });
  },
);

scene(
  "with Elasticsearch down a sweep is tried again, then shown as failed; the next one does it",
  async ({ archive, proxy, index, schedule, shown, startWorker }) => {
    await schedule(everyFiveSeconds);
    proxy.set({ kind: "reset" });
    const worker = startWorker();

    const retrying = await until("a second attempt", async () => {
      const seen = await shown();
      return seen.lastRun?.state === "retrying" && seen;
    });
    expect(retrying).toMatchObject({
      lastRun: { retryAt: expect.any(String), error: { code: "elasticsearch_unreachable" } },
    });
    await until("the failure", async () => (await shown()).lastFailure !== null);

    const [job] = await sweepJobs(archive);
    expect(job).toMatchObject({ state: "failed", attempts: 3, output: { code: "elasticsearch_unreachable" } });
    expect(Object.keys(job!.output!)).toEqual(["code", "hint", "message"]); // no request, no headers
    const { stdout } = await runAppHere(archive, ["elasticsearch", "status"]);
    expect(stdout).toMatch(/⚠ WARNING: last (scheduled sweep|failure) failed at .* after 3 attempts: Elasticsearch/);
    expect(worker.log.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(["retention sweep failed: it will be tried again", "retention sweep failed: given up"]),
    );
    expect(await indexExists(archive, index)).toBe(true);

    proxy.set({ kind: "pass" });
    await until("a sweep that succeeds", async () => !(await indexExists(archive, index)));
    await until("its record", async () => (await shown()).lastRun?.state === "completed");
    expect(await shown()).toMatchObject({ lastFailure: { state: "failed", attempts: 3 } });
  },
);

scene(
  "a schedule starts nothing for the minute before it was made, and a job whose schedule was taken away sweeps nothing",
  async ({ archive, index, schedule, startWorker }) => {
    const now = new Date();
    await schedule(`${now.getUTCMinutes()} ${now.getUTCHours()} * * *`);
    const { log } = startWorker();
    const left = (): number => log.filter(({ msg }) => msg.includes("it is not scheduled")).length;
    await until("the job of the minute before", async () => left() === 1);

    await runAppHere(archive, ["elasticsearch", "retention", "unschedule"]);
    await withTestConnections(archive, {}, ({ postgres }) =>
      withBoss(postgres, (boss) => boss.send("retention-sweep", {})),
    );
    await until("the job without a schedule", async () => left() === 2);

    await until("no job is left", async () => (await sweepJobs(archive)).length === 0);
    expect(await indexExists(archive, index)).toBe(true);
    expect((await archive.sql.query("SELECT id FROM log_archive.runs")).rows).toEqual([]);
  },
);

scene(
  "unschedule also forgets a sweep that waits for its next attempt",
  async ({ archive, proxy, schedule, startWorker }) => {
    await schedule(everyFiveSeconds);
    proxy.set({ kind: "reset" });
    const worker = startWorker();
    await until("a second attempt", async () => (await sweepJobs(archive))[0]?.state === "retry");
    await worker.stop();

    await runAppHere(archive, ["elasticsearch", "retention", "unschedule"]);

    expect((await sweepJobs(archive)).filter(({ state }) => state !== "failed")).toEqual([]);
  },
);

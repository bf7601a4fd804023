import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { startApp } from "../../support/app-process.ts";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  await migrateOnce(archive);
});
afterAll(() => archive?.drop());

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function samplesOf(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, label]) => [key!, label!]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}

const sum = (samples: readonly Sample[], name: string): number =>
  samples.filter((sample) => sample.name === name).reduce((total, { value }) => total + value, 0);

/** What the worker serves while `work` runs. */
async function withWorker<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { child, end } = startApp(archive, ["worker", "--metrics", "0", "--log-format", "json"]);
  try {
    let said = "";
    while (!/Metrics at (\S+)\/metrics/.test(said))
      said += String(((await once(child.stderr!, "data")) as [Buffer])[0]);
    return await work(/Metrics at (\S+)\/metrics/.exec(said)![1]!);
  } finally {
    child.kill("SIGTERM");
    await end;
  }
}

const scrape = async (url: string): Promise<Sample[]> => samplesOf(await (await fetch(`${url}/metrics`)).text());

test("a worker serves the archive's figures and its health", async () => {
  await archive.sql.query(
    "INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason) SELECT data_type, 'x', tenant_id, month, 'y', 'z' FROM log_archive.partitions WHERE data_type = 'app_logs' LIMIT 1",
  );
  const { rows } = await archive.sql.query<{ partitions: number }>(
    "SELECT count(*)::int AS partitions FROM log_archive.partitions",
  );
  await withWorker(async (url) => {
    const samples = await scrape(url);
    expect(sum(samples, "log_archive_up")).toBe(1);
    expect(sum(samples, "log_archive_partitions")).toBe(rows[0]!.partitions);
    expect(samples).toContainEqual({ name: "log_archive_record_errors", labels: { type: "y" }, value: 1 });
    expect(sum(samples, "log_archive_capture_installed")).toBe(0);
    // nothing is scheduled
    expect(samples.map(({ name }) => name)).not.toContain("log_archive_worker_last_seen_timestamp_seconds");
    expect(sum(samples, "process_resident_memory_bytes")).toBeGreaterThan(0);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });
});

test("a command counts its rows, partitions and requests", async () => {
  const { createMetrics } = await import("../../../src/cli/metrics/metrics.ts");
  const metrics = createMetrics(await import("prom-client"));
  const { noProgress } = await import("../../../src/runs/progress.ts");
  const { migrate } = await import("../../../src/workflow-logs/migrate/migrate.ts");
  const { migrateDefaults } = await import("../../../src/workflow-logs/copying/options.ts");
  const { dataTypes } = await import("../../../src/workflow-logs/partitions/log-types.ts");
  const { withTestConnections } = await import("../../support/test-connections.ts");
  const command = "elasticsearch migrate";
  await withTestConnections(archive, {}, async (connections) => {
    metrics.watch(connections);
    const options = { ...migrateDefaults, restart: true, scope: { dataTypes, tenantIds: [] } };
    const watch = { signal: new AbortController().signal, progress: metrics.progress(noProgress, command) };
    const report = await migrate(connections, options, watch);
    const samples = samplesOf(await metrics.text());
    expect(sum(samples, "log_archive_rows_total")).toBe(report.totals.migrated);
    expect(sum(samples, "log_archive_partitions_done_total")).toBe(report.partitions.done);
    expect(sum(samples, "log_archive_runs_under_way")).toBe(0);
    const ended = samples.filter(({ name }) => name === "log_archive_runs_total");
    expect(ended).toEqual([{ name: "log_archive_runs_total", labels: { command, status: report.status }, value: 1 }]);
    const bulks = samples.filter(
      (one) => one.name === "log_archive_elasticsearch_request_seconds_count" && one.labels["kind"] === "bulk",
    );
    expect(bulks.map(({ labels }) => labels["outcome"])).toEqual(["ok"]);
    expect(bulks[0]!.value).toBeGreaterThanOrEqual(3);
  });
});

test("a port that is taken, or that is none, is said before anything begins", async () => {
  const taken = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const end = await runAppHere(archive, ["elasticsearch", "status", "--metrics", String(port), "--json"]);
  taken.close();
  expect(end.code).toBe(1);
  expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: "metrics_port" } });
  for (const wrong of ["x", "70000", "localhost:"])
    expect((await runAppHere(archive, ["elasticsearch", "status", "--metrics", wrong])).code, wrong).toBe(2);
});

/** The parts of PromQL that the rules are written in: a metric, or the time since one, compared with a number. */
function firing(expr: string, samples: readonly Sample[], now: number): Sample[] {
  const [, since, metric, operator, limit] =
    /^(time\(\) - )?([a-z_]+) (==|>) ([\d.]+)$/.exec(expr) ?? expect.fail(`not of the simple kind: ${expr}`);
  return samples.filter(({ name, value }) => {
    const compared = since === undefined ? value : now - value;
    return name === metric && (operator === ">" ? compared > Number(limit) : compared === Number(limit));
  });
}

const rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.object({ severity: z.enum(["critical", "warning"]) }),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

test("each alert fires on what it is for, and none while all is well", async () => {
  const alerts = rules.parse(parse(await readFile("deploy/prometheus/alerts.yaml", "utf8"))).groups[0]!.rules;
  await archive.sql.query("DELETE FROM log_archive.record_errors");
  await runAppHere(archive, ["elasticsearch", "retention", "schedule", "--cron", "0 3 * * *", "--yes"]);
  const well = await withWorker(async (url) => {
    for (;;) {
      const samples = await scrape(url);
      if (sum(samples, "log_archive_worker_last_seen_timestamp_seconds") > 0) return samples;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
  const now = Date.now() / 1000;
  for (const { alert, expr } of alerts) expect(firing(expr, well, now), alert).toEqual([]);
  const bad: Record<string, Sample> = {
    LogArchiveStoreDown: { name: "log_archive_up", labels: { store: "postgresql" }, value: 0 },
    LogArchiveWorkerGone: { name: "log_archive_worker_last_seen_timestamp_seconds", labels: {}, value: now - 301 },
    LogArchiveSweepFailed: { name: "log_archive_sweep_last_failed", labels: {}, value: 1 },
    LogArchiveCaptureGap: { name: "log_archive_capture_gaps", labels: {}, value: 1 },
    LogArchiveBehind: { name: "log_archive_dirty_oldest_seconds", labels: {}, value: 3601 },
    LogArchiveRecordErrors: { name: "log_archive_record_errors", labels: { type: "y" }, value: 1 },
  };
  expect(alerts.map(({ alert }) => alert)).toEqual(Object.keys(bad));
  const served = new Set(well.map(({ name }) => name));
  for (const { alert, expr } of alerts) {
    expect(firing(expr, [bad[alert]!], now), alert).toEqual([bad[alert]]);
    if (alert !== "LogArchiveRecordErrors") expect(served, alert).toContain(bad[alert]!.name); // there is no error now
  }
});

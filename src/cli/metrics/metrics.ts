import type { Counter, Gauge, Histogram } from "prom-client";
import { timeRequests } from "../../stores/elasticsearch/timed-requests.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import type { ArchiveFigures } from "../../workflow-logs/archive-figures.ts";
import type { Connections } from "../../workflow-logs/connections.ts";
import { requestKind } from "../request-kind.ts";

// src/cli/metrics counts what a command does for Prometheus, and serves the numbers while it works. It changes nothing.

/** What Prometheus is told of a command. */
export interface Metrics {
  /** As Prometheus reads it, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
  /** The sink that passes everything on to `sink`, and counts it. */
  progress(sink: ProgressSink, command: string): ProgressSink;
  /** From now on requests to Elasticsearch are measured, and the archive's figures are asked for at each scrape. */
  watch(connections: Connections): void;
  /** Whether PostgreSQL answers; true where nothing is watched yet. */
  isHealthy(): Promise<boolean>;
}

type Prometheus = typeof import("prom-client");

const seconds = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Scrapes of several monitors ask the database once. */
const figuresMillis = 5000;

function name(short: string): string {
  return `log_archive_${short}`;
}

export function createMetrics(prometheus: Prometheus): Metrics {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(short: string, help: string, labelNames: L[]): Counter<L> =>
    new prometheus.Counter({ name: name(short), help, labelNames, registers });
  const gauge = <L extends string>(short: string, help: string, labelNames: L[] = []): Gauge<L> =>
    new prometheus.Gauge({ name: name(short), help, labelNames, registers });

  const rows = counter("rows_total", "Rows confirmed", ["command"]);
  const bytes = counter("bytes_total", "Bytes confirmed", ["command"]);
  const planned = gauge("planned_rows", "Rows that the run under way has to do, done ones included", ["command"]);
  const partitionsDone = counter("partitions_done_total", "Partitions that came to their end", ["command"]);
  const runs = counter("runs_total", "Runs that ended, by how they ended", ["command", "status"]);
  const lastEnd = gauge("run_last_end_timestamp_seconds", "When a run ended last", ["command", "status"]);
  const under = gauge("runs_under_way", "Runs of this process that have not ended", ["command"]);
  const requests: Histogram<"kind" | "outcome"> = new prometheus.Histogram({
    name: name("elasticsearch_request_seconds"),
    help: "Requests to Elasticsearch with their repetitions, by kind and by how they ended: ok, an HTTP status, or error",
    labelNames: ["kind", "outcome"],
    buckets: seconds,
    registers,
  });
  const retries = counter("elasticsearch_retries_total", "Repetitions of requests that were not answered", ["kind"]);
  const archive = archiveGauges(gauge);
  let watched: Connections | undefined;
  let figures: { readonly at: number; readonly answer: Promise<ArchiveFigures | undefined> } | undefined;

  const askFigures = async (): Promise<void> => {
    if (watched === undefined) return;
    if (figures === undefined || performance.now() - figures.at > figuresMillis) {
      const { archiveFigures } = await import("../../workflow-logs/archive-figures.ts");
      figures = { at: performance.now(), answer: archiveFigures(watched) };
    }
    const answer = await figures.answer.catch(() => null);
    archive.up.set({ store: "postgresql" }, answer === null ? 0 : 1);
    if (answer !== null && answer !== undefined) archive.set(answer);
  };
  return {
    contentType: registry.contentType,
    async text() {
      await askFigures();
      return registry.metrics();
    },
    progress(sink, command) {
      return {
        ...sink,
        runStarted(id, of) {
          under.inc({ command: of });
          sink.runStarted?.(id, of);
        },
        runEnded(id, status, counts) {
          under.dec({ command });
          runs.inc({ command, status });
          lastEnd.setToCurrentTime({ command, status });
          sink.runEnded?.(id, status, counts);
        },
        plan(totalRows, totalPartitions) {
          planned.set({ command }, totalRows);
          sink.plan(totalRows, totalPartitions);
        },
        advanced(key, some, size) {
          rows.inc({ command }, some);
          bytes.inc({ command }, size);
          sink.advanced(key, some, size);
        },
        partitionFinished(key) {
          partitionsDone.inc({ command });
          sink.partitionFinished(key);
        },
      };
    },
    watch(connections) {
      watched = connections;
      timeRequests(connections.elasticsearch, ({ statusCode, meta }, error, millis) => {
        const kind = requestKind(meta.request.params.path);
        const outcome =
          statusCode !== undefined && statusCode >= 400 ? String(statusCode) : error === null ? "ok" : "error";
        requests.observe({ kind, outcome }, millis / 1000);
        if (meta.attempts > 0) retries.inc({ kind }, meta.attempts);
      });
    },
    async isHealthy() {
      if (watched === undefined) return true;
      return watched.postgres.query("select 1").then(
        () => true,
        () => false,
      );
    },
  };
}

type MakeGauge = <L extends string>(short: string, help: string, labelNames?: L[]) => Gauge<L>;

function archiveGauges(gauge: MakeGauge) {
  const up = gauge("up", "Whether a store answers", ["store"]);
  const installed = gauge("capture_installed", "1 while every write of the platform is recorded");
  const gaps = gauge("capture_gaps", "How often writes could not be recorded");
  const dirty = gauge("dirty_rows", "Recorded writes that wait to be applied");
  const oldest = gauge("dirty_oldest_seconds", "Age of the oldest of them");
  const errors = gauge("record_errors", "Rows that could not be archived, by reason", ["type"]);
  const partitions = gauge("partitions", "Partitions by state", ["data_type", "state"]);
  const lastSweep = gauge("sweep_last_end_timestamp_seconds", "When a scheduled sweep ended last");
  const sweepFailed = gauge("sweep_last_failed", "1 when the last scheduled sweep failed in all its attempts");
  const worker = gauge("worker_last_seen_timestamp_seconds", "When a worker last looked for what is due");
  // a gauge begins with 0, which of a time would be 1970: what nobody knows has no value
  for (const unknown of [installed, gaps, dirty, oldest, lastSweep, sweepFailed, worker]) unknown.remove();
  return {
    up,
    set(figures: ArchiveFigures): void {
      installed.set(Number(figures.captureInstalled));
      gaps.set(figures.captureGaps);
      dirty.set(figures.dirtyRows);
      oldest.set(figures.dirtyOldestSeconds);
      errors.reset();
      for (const [type, count] of Object.entries(figures.recordErrors)) errors.set({ type }, count);
      partitions.reset();
      for (const { dataType, state, count } of figures.partitions)
        partitions.set({ data_type: dataType, state }, count);
      setOrRemove(lastSweep, figures.lastSweepEnd);
      sweepFailed.set(Number(figures.lastSweepFailed));
      setOrRemove(worker, figures.workerSeen);
    },
  };
}

function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

/** Few words, for each is a series of numbers: the last part of the path when it is one that is often asked. */

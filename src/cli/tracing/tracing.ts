import {
  type Attributes,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TracingConfig } from "../../config/sections/tracing.ts";
import type { Log } from "../../engine/log.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { timeRequests } from "../../stores/elasticsearch/timed-requests.ts";
import type { Connections } from "../../workflow-logs/connections.ts";
import { requestKind } from "../request-kind.ts";
import { packageVersion } from "../version.ts";

// src/cli/tracing makes OpenTelemetry spans of what a command does: its runs, their partitions, bulks, and statements
// and requests that were slow. Spans have names, ids, counts and shapes, never contents of records. It changes nothing
// of what the command does, and a receiver that does not answer is a warning.

/** The spans of one command. */
export interface Tracing {
  /** The sink that passes everything on to `sink`, and makes spans of it. */
  progress(sink: ProgressSink): ProgressSink;
  /** From now on each bulk is a span. */
  watch(connections: Pick<Connections, "elasticsearch">): void;
  /** The log that passes everything on to `log`, and makes spans of what was slow. */
  slow(log: Log): Log;
  /** Sends what was not sent. Takes as long as the configuration allows at most, and never fails. */
  end(): Promise<void>;
}

type Traced = Pick<TracingConfig, "resource" | "share" | "timeoutMillis">;

interface Counted {
  readonly span: Span;
  rows: number;
  bytes: number;
}

export async function startTracing(config: TracingConfig & { readonly url: string }, log: Log): Promise<Tracing> {
  const { url, headers, timeoutMillis } = config;
  const { OTLPTraceExporter } = await (config.protocol === "http/json"
    ? import("@opentelemetry/exporter-trace-otlp-http")
    : import("@opentelemetry/exporter-trace-otlp-proto"));
  return traceTo(new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis }), config, log);
}

function traceTo(exporter: SpanExporter, { resource, share, timeoutMillis }: Traced, log: Log): Tracing {
  const warn = warnOnce(log);
  const processor = new BatchSpanProcessor({ exporter, exportTimeoutMillis: timeoutMillis });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ ...resource, "service.version": packageVersion() }),
    sampler: new TraceIdRatioBasedSampler(share),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("log-archive", packageVersion());
  const runs = new Map<string, Counted>();
  const partitions = new Map<string, Counted>();
  const begin = (name: string, attributes: Attributes, parent?: Span, startTime?: number): Span => {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent);
    return tracer.startSpan(name, { attributes, ...(startTime !== undefined && { startTime }) }, context);
  };
  /** Of what happens outside of any run, a span of its own. */
  const underWay = (): Span | undefined => [...runs.values()].at(-1)?.span;
  const past = (name: string, millis: number, attributes: Attributes, failed: boolean): void => {
    const now = Date.now();
    const span = begin(name, attributes, underWay(), now - millis);
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(now);
  };
  const endCounted = ({ span, rows, bytes }: Counted): void => {
    span.setAttributes({ "log_archive.rows": rows, "log_archive.bytes": bytes });
    span.end();
  };

  return {
    progress: (sink) => ({
      ...sink,
      runStarted(id, of) {
        const span = begin(of, { "log_archive.run.id": id, "log_archive.command": of });
        runs.set(id, { span, rows: 0, bytes: 0 });
        sink.runStarted?.(id, of);
      },
      runWaits(id, why) {
        runs.get(id)?.span.addEvent("waiting", { "log_archive.waiting": why });
        sink.runWaits?.(id, why);
      },
      runEnded(id, status, counts) {
        for (const partition of partitions.values()) endCounted(partition); // of a run that was stopped
        partitions.clear();
        const run = runs.get(id);
        runs.delete(id);
        run?.span.setAttribute("log_archive.run.status", status);
        if (status === "failed") run?.span.setStatus({ code: SpanStatusCode.ERROR });
        if (run !== undefined) endCounted(run);
        sink.runEnded?.(id, status, counts);
      },
      partitionStarted(key, label, total, done) {
        partitions.set(key, {
          span: begin("partition", { "log_archive.partition": key }, underWay()),
          rows: 0,
          bytes: 0,
        });
        sink.partitionStarted(key, label, total, done);
      },
      advanced(key, rows, bytes) {
        for (const counted of [partitions.get(key), [...runs.values()].at(-1)]) {
          if (counted === undefined) continue;
          counted.rows += rows;
          counted.bytes += bytes;
        }
        sink.advanced(key, rows, bytes);
      },
      partitionFinished(key) {
        const partition = partitions.get(key);
        partitions.delete(key);
        if (partition !== undefined) endCounted(partition);
        sink.partitionFinished(key);
      },
    }),
    watch({ elasticsearch }) {
      timeRequests(elasticsearch, ({ statusCode = 0, meta }, error, millis) => {
        const { path, body } = meta.request.params;
        if (requestKind(path) !== "bulk") return;
        const attributes = {
          "db.system.name": "elasticsearch",
          "db.operation.name": "bulk",
          "http.response.status_code": statusCode,
          "log_archive.bytes": typeof body === "string" || Buffer.isBuffer(body) ? Buffer.byteLength(body) : 0,
          "log_archive.attempts": meta.attempts + 1,
        };
        past("bulk", millis, attributes, error !== null || statusCode >= 400);
      });
    },
    slow: (inner) => ({
      debug: (fields, message) => inner.debug(fields, message),
      info: (fields, message) => inner.info(fields, message),
      error: (fields, message) => inner.error(fields, message),
      warn(fields, message) {
        const { store, durationMs, statement, path } = fields as Partial<Record<string, string | number>>;
        if (typeof durationMs === "number" && requestKind(String(path)) !== "bulk") {
          const system = store === "postgres" ? "postgresql" : "elasticsearch";
          const text = statement === undefined ? {} : { "db.query.text": statement };
          past(message, durationMs, { "db.system.name": system, ...text }, false);
        }
        inner.warn(fields, message);
      },
    }),
    async end() {
      for (const counted of [...partitions.values(), ...runs.values()]) endCounted(counted);
      await provider.forceFlush({ timeoutMillis }).catch((error: unknown) => warn(String(error)));
      await provider.shutdown().catch((error: unknown) => warn(String(error)));
      diag.disable();
    },
  };
}

const silent = (): void => {};

/** What OpenTelemetry has to say of its own work, as one warning for each command. */
function warnOnce(log: Log): (message: string) => void {
  let hasWarned = false;
  const warn = (message: string): void => {
    if (!hasWarned) log.warn({ error: message.slice(0, 500) }, "spans could not be sent; the command goes on");
    hasWarned = true;
  };
  diag.setLogger(
    { error: warn, warn, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  return warn;
}

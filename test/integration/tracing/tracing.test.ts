import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const needle = "needle-of-the-payload";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 2 });
  await archive.sql.query("UPDATE workflow_node_executions SET inputs = $1, title = $2", [
    JSON.stringify({ text: needle }),
    needle,
  ]);
});
afterAll(() => archive?.drop());

interface Span {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}

interface Received {
  readonly url: string;
  readonly bodies: Buffer[];
  readonly headers: Readonly<Record<string, unknown>>[];
  readonly spans: () => Span[];
}

/** A receiver of OTLP, which answers as a collector does. */
async function withReceiver<T>(work: (received: Received) => Promise<T>): Promise<T> {
  const bodies: Buffer[] = [];
  const headers: Received["headers"] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      bodies.push(Buffer.concat(parts));
      headers.push({ ...request.headers, path: request.url });
      response.setHeader("content-type", String(request.headers["content-type"])).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const spans = (): Span[] =>
    bodies.flatMap((body) => {
      const { resourceSpans } = JSON.parse(body.toString()) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    });
  try {
    return await work({ url: `http://127.0.0.1:${port}`, bodies, headers, spans });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const attributesOf = ({ attributes }: Span): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

test("a run is a span, with its partitions, bulks and slow statements below it, and nothing of the payload", async () => {
  await withReceiver(async ({ url, bodies, headers, spans }) => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      ELASTICSEARCH_SLOW_QUERY_MS: "1",
    };
    const { code, stderr } = await runAppHere(archive, ["elasticsearch", "migrate", "--json"], env);
    expect(code, stderr).toBe(0);
    const all = spans();
    const [run, ...others] = all.filter(({ name }) => name === "elasticsearch migrate");
    expect(others).toEqual([]);
    expect(run!.parentSpanId).toBeUndefined();
    expect(attributesOf(run!)).toMatchObject({ "log_archive.run.status": "completed" });
    const below = (name: string): Span[] =>
      all.filter((span) => span.name === name && span.parentSpanId === run!.spanId);
    const { rows } = await archive.sql.query<{ partitions: number; documents: number }>(
      "SELECT (SELECT count(*)::int FROM log_archive.partitions) AS partitions, (SELECT count(*)::int FROM workflow_runs) + (SELECT count(*)::int FROM workflow_app_logs) + (SELECT count(*)::int FROM workflow_node_executions) AS documents",
    );
    expect(below("partition").length).toBe(rows[0]!.partitions);
    const counted = below("partition").map((span) => Number(attributesOf(span)["log_archive.rows"]));
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(rows[0]!.documents);
    expect(Number(attributesOf(run!)["log_archive.rows"])).toBe(rows[0]!.documents);
    expect(below("bulk").length).toBeGreaterThanOrEqual(rows[0]!.partitions);
    for (const bulk of below("bulk")) {
      expect(attributesOf(bulk)).toMatchObject({
        "db.operation.name": "bulk",
        "log_archive.attempts": expect.anything(),
      });
      expect(BigInt(bulk.endTimeUnixNano)).toBeGreaterThan(BigInt(bulk.startTimeUnixNano));
    }
    const slow = all.filter(({ name }) => name === "slow statement").map(attributesOf);
    expect(slow.length).toBeGreaterThan(0);
    for (const one of slow)
      expect(one).toMatchObject({ "db.system.name": "postgresql", "db.query.text": expect.any(String) });
    expect(Buffer.concat(bodies).includes(needle)).toBe(false);
    expect(Buffer.concat(bodies).includes("deployment.environment.name")).toBe(true);
    expect(headers[0]).toMatchObject({ path: "/v1/traces", authorization: "Bearer abc" });
  });
});

test("without another protocol they are protobuf, and the address for traces is taken as it is", async () => {
  await withReceiver(async ({ url, bodies, headers }) => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/custom` };
    const { code } = await runAppHere(archive, ["elasticsearch", "validate"], env);
    expect(code).toBe(0);
    expect(headers[0]).toMatchObject({ path: "/custom", "content-type": "application/x-protobuf" });
    expect(bodies[0]!.includes("elasticsearch validate")).toBe(true);
  });
});

test.each([
  ["is off", { OTEL_SDK_DISABLED: "true" }],
  ["has no exporter", { OTEL_TRACES_EXPORTER: "none" }],
  ["samples nothing", { OTEL_TRACES_SAMPLER_ARG: "0" }],
  ["speaks grpc", { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }],
])("nothing is sent where OpenTelemetry %s", async (_, more) => {
  await withReceiver(async ({ url, bodies }) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more };
    const { code, stderr } = await runAppHere(archive, ["elasticsearch", "validate"], env);
    expect(code, stderr).toBe(0);
    expect(bodies).toEqual([]);
    expect(stderr.includes("grpc")).toBe("OTEL_EXPORTER_OTLP_PROTOCOL" in more);
  });
});

test("a receiver that does not answer is one warning, and changes nothing", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT: "500" };
  const { code, stderr } = await runAppHere(archive, ["elasticsearch", "validate"], env);
  expect(code, stderr).toBe(0);
  expect(stderr.match(/spans could not be sent/g)?.length).toBe(1);
});

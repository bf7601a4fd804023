import { z } from "zod";
import { anyText, boolean, oneOf, value, wholeNumber } from "../values.ts";

export interface TracingConfig {
  /** Where spans are sent; undefined while nothing asks for them. */
  readonly url?: string | undefined;
  readonly protocol: "http/protobuf" | "http/json" | "grpc";
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMillis: number;
  /** Attributes of what sends them; `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Of the runs that are traced: 0 to 1. */
  readonly share: number;
}

const pairs = value("a comma list of name=value", (text) => {
  const entries = text.split(",").flatMap((pair) => {
    const [name, ...rest] = pair.split("=");
    return pair.trim() === "" ? [] : [[name!.trim(), decoded(rest.join("=").trim())] as const];
  });
  return entries.every(([name, given]) => name !== "" && given !== undefined)
    ? (Object.fromEntries(entries) as Record<string, string>)
    : undefined;
});

/** Values are percent-encoded. Source: the W3C's Baggage, which OpenTelemetry takes the form from. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const address = value("an http or https address", (text) =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text.replace(/\/$/, "") : undefined,
);
const share = value("a number from 0 to 1", (text) => (/^(0(\.\d+)?|1(\.0+)?)$/.test(text) ? Number(text) : undefined));

/** OpenTelemetry's own variables, as far as they concern traces that are sent by OTLP over HTTP. */
export const tracing = z
  .object({
    OTEL_EXPORTER_OTLP_ENDPOINT: address
      .optional()
      .describe("where spans of each run are sent, such as http://localhost:4318; none are made without it"),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address.optional().describe("the same for traces alone, with its whole path"),
    OTEL_EXPORTER_OTLP_PROTOCOL: oneOf("http/protobuf", "http/json", "grpc")
      .default("http/protobuf")
      .describe("form of what is sent; with grpc, which is not spoken here, nothing is sent"),
    OTEL_EXPORTER_OTLP_HEADERS: pairs.default({}).describe("headers of each request, such as authorization=Bearer%20…"),
    OTEL_EXPORTER_OTLP_TIMEOUT: wholeNumber(1, 600_000).default(10_000).describe("milliseconds that sending may take"),
    OTEL_SERVICE_NAME: anyText.default("log-archive").describe("who the spans say they are of"),
    OTEL_RESOURCE_ATTRIBUTES: pairs
      .default({})
      .describe("more of that, such as deployment.environment.name=production"),
    OTEL_TRACES_EXPORTER: oneOf("otlp", "none").default("otlp").describe("none sends no spans"),
    OTEL_TRACES_SAMPLER_ARG: share.default(1).describe("share of the runs that are traced"),
    OTEL_SDK_DISABLED: boolean.default(false).describe("true sends no spans"),
  })
  .transform((given): TracingConfig => {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces } = given;
    const isOn = !given.OTEL_SDK_DISABLED && given.OTEL_TRACES_EXPORTER === "otlp";
    return {
      url: isOn ? (traces ?? (base === undefined ? undefined : `${base}/v1/traces`)) : undefined,
      protocol: given.OTEL_EXPORTER_OTLP_PROTOCOL,
      headers: given.OTEL_EXPORTER_OTLP_HEADERS,
      timeoutMillis: given.OTEL_EXPORTER_OTLP_TIMEOUT,
      resource: { ...given.OTEL_RESOURCE_ATTRIBUTES, "service.name": given.OTEL_SERVICE_NAME },
      share: given.OTEL_TRACES_SAMPLER_ARG,
    };
  });

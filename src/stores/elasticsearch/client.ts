import { spreadBackOff } from "../../engine/back-off.ts";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type DiagnosticResult, errors, Transport, UndiciConnection } from "@elastic/elasticsearch";
import { UsageError } from "../../engine/errors.ts";
import { withoutCredentials } from "./echoed-credentials.ts";
import { isTlsFailure } from "./errors.ts";
import { InterceptedError, isAnswerTo, isIntercepted } from "./intercepted.ts";
import { requestLimits } from "./request-limits.ts";

// src/stores/elasticsearch owns how Elasticsearch is spoken to: the client, indices and templates (indices/), bulk
// requests (bulk/), documents (documents/), snapshots. It knows names and marks of our indices, never the rows that
// documents are made of.

export interface ElasticsearchConnection {
  /** URLs or host:port; userinfo in a URL is used when no other credentials are given. */
  hosts: readonly string[];
  username?: string | undefined;
  password?: string | undefined;
  apiKey?: string | undefined;
  /** Turns http:// hosts into https://. */
  useSsl: boolean;
  verifyCerts: boolean;
  /** Path of a PEM file, read only when a host is reached through TLS. */
  caCerts?: string | undefined;
  timeoutSeconds: number;
  maxRetries: number;
}

type RequestArguments = Parameters<Transport["request"]>;

const pauses = { first: 500, longest: 10_000 };

/**
 * Every request of ours can be repeated, and a pause of the server must not end hours of copying; the client has no
 * option for this. An answer that is not Elasticsearch's own is no answer: asked again like a server that is away, then
 * InterceptedError.
 */
export class PatientTransport extends Transport {
  private readonly retries: number;

  constructor(options: ConstructorParameters<typeof Transport>[0]) {
    super({ ...options, retryOnTimeout: true });
    this.retries = options.maxRetries ?? 0;
  }

  override async request(...[params, given = {}]: RequestArguments): Promise<never> {
    // a missing index counts as an empty one in many places: the name of a part must not pass for one
    if (unresolvedPart.test(params.path)) throw new TypeError(`${params.path} names a part as if it were an index.`);
    const options = limited(given);
    options.signal?.throwIfAborted();
    const retries = options.maxRetries ?? this.retries;
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.ownAnswer(params, options)) as never;
      } catch (error) {
        if (!(error instanceof InterceptedError) || attempt >= retries) throw error;
      }
      await sleep(spreadBackOff(attempt + 1, pauses), undefined, { signal: options.signal });
    }
  }

  private async ownAnswer(params: RequestArguments[0], options: NonNullable<RequestArguments[1]>): Promise<unknown> {
    try {
      const result: DiagnosticResult = await super.request(params, { ...options, meta: true });
      // a stream is looked at by whoever reads it
      if (options.asStream !== true && (isIntercepted(result) || !isAnswerTo(params.path, result.body)))
        throw new InterceptedError(result);
      return options.meta === true ? result : result.body;
    } catch (error) {
      if (error instanceof errors.ResponseError && isIntercepted(error.meta)) throw new InterceptedError(error.meta);
      throw error;
    }
  }
}

const unresolvedPart = /~shared-\d{4}\.\d{2}%2F/i;

type RequestOptions = NonNullable<RequestArguments[1]>;

/** With the limits of the work that makes the request. */
function limited(options: RequestOptions): RequestOptions {
  const { signal, requestMillis } = requestLimits();
  const signals = [options.signal, signal].filter((one) => one !== undefined);
  return {
    ...options,
    ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    ...(requestMillis !== undefined && { requestTimeout: requestMillis, maxRetries: 0 }),
  };
}

/** Connects to nothing yet. Throws UsageError when a host or the CA file cannot be used. */
export function createClient(connection: ElasticsearchConnection): Client {
  const urls = connection.hosts.map((host) => nodeUrl(host, connection.useSsl));
  const auth = credentials(connection, urls);
  const nodes = urls.map((url) => `${url.origin}${url.pathname === "/" ? "" : url.pathname}`);
  return new Client({
    nodes,
    // Errors name their client: with its hosts as its name, every failure says which server it speaks of.
    name: nodes.join(", "),
    ...(auth !== undefined && { auth }),
    ...(urls.some((url) => url.protocol === "https:") && { tls: tlsOptions(connection) }),
    // Compressing costs processor time that only a network gives back.
    compression: !urls.every(isLoopback),
    requestTimeout: connection.timeoutSeconds * 1000,
    maxRetries: connection.maxRetries,
    Transport: PatientTransport,
    Connection: trustingConnection(nodes),
    // The default copies a request's body key by key into its error: for a bulk that is every single byte.
    redaction: { type: "remove" },
  });
}

/**
 * Connections on which a failure of TLS ends the request, when every host has failed like that: an expired certificate
 * or an authority that is not known stays so however often it is tried. The transport asks again after a
 * ConnectionError, by that name.
 */
function trustingConnection(nodes: readonly string[]): typeof UndiciConnection {
  const untrusted = new Set<string>();
  return class extends UndiciConnection {
    override async request(...given: Parameters<UndiciConnection["request"]>): Promise<never> {
      try {
        const answer = await super.request(...given);
        untrusted.delete(this.url.href);
        return withoutCredentials(answer, given[0].path, this.headers["authorization"]) as never;
      } catch (error) {
        if (!isTlsFailure(error)) throw error;
        untrusted.add(this.url.href);
        if (untrusted.size < nodes.length) throw error;
        const meta = { meta: { name: nodes.join(", ") } } as unknown as DiagnosticResult;
        throw Object.assign(new errors.ConnectionError((error as Error).message, meta), { name: "UntrustedError" });
      }
    }
  };
}

function nodeUrl(host: string, useSsl: boolean): URL {
  const text = host.includes("://") ? host : `http://${host}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.search !== "" || url.hash !== "") {
    const shown = host.replace(/^.*@/, "");
    throw new UsageError("invalid_elasticsearch_host", `${JSON.stringify(shown)} is not an Elasticsearch host.`, {
      hint: 'Give ELASTICSEARCH_HOSTS as a list of URLs, such as ["http://localhost:9200"].',
    });
  }
  if (useSsl) url.protocol = "https:";
  return url;
}

function credentials(connection: ElasticsearchConnection, urls: URL[]) {
  const { apiKey, username, password } = connection;
  if (apiKey !== undefined) return { apiKey };
  if (username !== undefined) return { username, password: password ?? "" };
  const url = urls.find((candidate) => candidate.username !== "");
  if (url === undefined) return undefined;
  return { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
}

function tlsOptions({ verifyCerts, caCerts }: ElasticsearchConnection) {
  return { rejectUnauthorized: verifyCerts, ...(caCerts !== undefined && { ca: readCaCerts(caCerts) }) };
}

function readCaCerts(path: string): Buffer {
  try {
    const pem = readFileSync(path);
    // TLS ignores a file without a certificate and fails later, as if the server were not trusted.
    void new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new UsageError("invalid_ca_certs", `The CA file ${path} is missing or holds no PEM certificate.`, {
      hint: "Correct ELASTICSEARCH_CA_CERTS, or leave it out to trust the authorities this machine trusts.",
      cause,
    });
  }
}

function isLoopback(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d+){3}$/.test(url.hostname);
}

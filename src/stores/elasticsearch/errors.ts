import { errors } from "@elastic/elasticsearch";
import { AppError } from "../../engine/errors.ts";
import { InterceptedError } from "./intercepted.ts";

/** What the request returns; when it fails, the AppError that describes why. */
export async function described<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw describeElasticsearchError(error);
  }
}

/** Elasticsearch's own name of what went wrong, such as "index_not_found_exception". */
export function errorType(error: unknown): string | undefined {
  return error instanceof errors.ResponseError ? readBody(error.body).type : undefined;
}

/**
 * One sentence and one hint for any failure of a request. Neither they nor the cause hold a password, a key or the
 * request's body. An AppError stays as it is; what did not come from the client is a bug and is thrown on.
 */
export function describeElasticsearchError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof errors.ElasticsearchClientError)) throw error;
  const { code, message, hint } = describe(error);
  return new AppError(`elasticsearch_${code}`, message, { hint, cause: withoutRequest(error) });
}

interface Description {
  code: string;
  message: string;
  hint: string;
}

function describe(error: errors.ElasticsearchClientError): Description {
  if (error instanceof errors.ResponseError) return describeResponse(error);
  if (error instanceof errors.TimeoutError) {
    return {
      code: "timeout",
      message: `Elasticsearch${at(error)} did not answer in time.`,
      hint: "Look at its load, or raise ELASTICSEARCH_TIMEOUT (seconds).",
    };
  }
  if (error instanceof errors.ProductNotSupportedError) {
    return {
      code: "unsupported",
      message: `The server${at(error)} is not Elasticsearch 8 or 9.`,
      hint: "Point ELASTICSEARCH_HOSTS at an Elasticsearch 8.x or 9.x cluster.",
    };
  }
  if (error instanceof InterceptedError) {
    return {
      code: "intercepted",
      message: `Between this program and Elasticsearch${at(error)} ${withoutSecrets(error.message)}.`,
      hint:
        "Look at the proxy, balancer or gateway before Elasticsearch, and at ELASTICSEARCH_HOSTS: the answer is not Elasticsearch's own and was taken for " +
        "nothing. Then run the same command again: it goes on where it was.",
    };
  }
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError) {
    return describeConnection(error);
  }
  return {
    code: "failed",
    message: `The request to Elasticsearch${at(error)} failed: ${withoutSecrets(error.message)}`,
    hint: "Repeat the command; when it fails again, the server's log says more.",
  };
}

/**
 * What no further attempt can pass: it stays so until somebody changes a certificate, an authority, a name or a scheme.
 */
export function isTlsFailure(error: unknown): boolean {
  return error instanceof errors.ConnectionError && TLS_FAILURE.test(error.message);
}

const TLS_FAILURE = /certificate|altnames|self-signed|\bssl\b|\btls\b|wrong version number|packet length|CERT_|EPROTO/i;

function describeConnection(error: errors.ElasticsearchClientError): Description {
  const reason = withoutSecrets(error.message);
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) {
    return {
      code: "unknown_host",
      message: `The host name of Elasticsearch${at(error)} cannot be resolved.`,
      hint: "Correct ELASTICSEARCH_HOSTS, or the name service of this machine.",
    };
  }
  if (TLS_FAILURE.test(reason)) {
    // OpenSSL wraps its reason in numbers and names of its source: "…:error:0A00010B:SSL routines:…:wrong version…:…".
    const [, opensslReason] = /error:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(reason) ?? [];
    if (/has expired|not yet valid|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/i.test(reason)) {
      const isEarly = /not yet valid|CERT_NOT_YET_VALID/i.test(reason);
      return {
        code: "tls",
        message: `The certificate of Elasticsearch${at(error)} ${isEarly ? "is not valid yet" : "has expired"}, by the clock of this machine.`,
        hint: "Renew the certificate, or that of the authority which signed it; and look whether the clock of this machine is right.",
      };
    }
    return {
      code: "tls",
      message: `No trusted TLS connection to Elasticsearch${at(error)}: ${opensslReason ?? reason}.`,
      hint:
        "Give the authority that signed its certificate in ELASTICSEARCH_CA_CERTS, use the host name the certificate " +
        "is for, or set ELASTICSEARCH_USE_SSL=false when the server speaks plain HTTP.",
    };
  }
  // With several addresses behind one name ("localhost") a refused connection arrives without any text.
  return {
    code: "unreachable",
    message: `Elasticsearch${at(error)} cannot be reached: ${reason || "connection refused"}.`,
    hint:
      "Start the server or correct ELASTICSEARCH_HOSTS; when it speaks TLS, set ELASTICSEARCH_USE_SSL=true or write " +
      "https:// hosts.",
  };
}

function describeResponse(error: errors.ResponseError): Description {
  const status = error.statusCode ?? 0;
  const { type, reason } = readBody(error.body);
  const said = withoutSecrets(reason ?? type ?? `HTTP status ${status}`);

  if (type === "media_type_header_exception" || status === 406) {
    return {
      code: "unsupported",
      message: `The Elasticsearch server${at(error)} is older or newer than this program supports.`,
      hint: "Use an Elasticsearch 8.x or 9.x cluster.",
    };
  }
  if (status === 401) {
    return {
      code: "unauthorized",
      message: `Elasticsearch${at(error)} refused the credentials${credentialsReason(error.body)}.`,
      hint: /expired/i.test(credentialsReason(error.body))
        ? "Make a new key or token and set it, ELASTICSEARCH_API_KEY for a key; and look whether the server's clock is right."
        : "Correct ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, or ELASTICSEARCH_API_KEY.",
    };
  }
  if (type === "cluster_block_exception") {
    return {
      code: "blocked",
      message: `Elasticsearch${at(error)} blocks the request: ${said}.`,
      hint: said.includes("flood-stage")
        ? "Free disk space on its data nodes; the block goes away by itself."
        : "Remove the block from the index or cluster settings.",
    };
  }
  if (status === 403) {
    return {
      code: "forbidden",
      message: `Elasticsearch${at(error)} does not allow this: ${said}.`,
      hint: "Give the user or API key the privilege named above.",
    };
  }
  if (status === 404) {
    return {
      code: "not_found",
      message: `Elasticsearch${at(error)} does not have what was asked for: ${said}.`,
      hint: "Run the command again: indices and templates that are missing are made anew.",
    };
  }
  if (type === "validation_exception" && said.includes("maximum normal shards open")) {
    return {
      code: "shard_limit",
      message: `The cluster${at(error)} has no room for another index: ${said}.`,
      hint: "Delete indices past their retention, add a data node, or raise cluster.max_shards_per_node.",
    };
  }
  if (status === 429) {
    return {
      code: "overloaded",
      message: `Elasticsearch${at(error)} is overloaded: ${said}.`,
      hint: "Run the command again when its load has gone down.",
    };
  }
  return {
    code: "failed",
    message: `Elasticsearch${at(error)} answered ${status}: ${said}.`,
    hint: "The server's log says more.",
  };
}

/**
 * The server's own words where they say more than that they were refused: of a key or token that has expired, was
 * revoked or is not known.
 */
function credentialsReason(body: unknown): string {
  const { reason = "" } = readBody(body);
  const text = JSON.stringify(body) ?? "";
  const [, said] =
    /((?:api key|token|password|user)[^":\n]*(?:expired|invalidated|revoked|disabled|not found)[^"\n]*)/i.exec(
      `${reason}\n${text}`,
    ) ?? [];
  return said === undefined ? "" : `: ${withoutSecrets(said.replaceAll(/\[[^\]]*\]/g, "").replaceAll(/\s+/g, " "))}`;
}

/** The body is JSON of Elasticsearch's form, JSON or HTML of a proxy before it, or nothing. */
function readBody(body: unknown): { type?: string; reason?: string } {
  if (typeof body !== "object" || body === null || !("error" in body)) return {};
  const { error } = body;
  if (typeof error === "string") return { reason: error };
  if (typeof error !== "object" || error === null) return {};
  return {
    ...("type" in error && typeof error.type === "string" && { type: error.type }),
    ...("reason" in error && typeof error.reason === "string" && { reason: error.reason }),
  };
}

/** createClient names its client after its hosts. */
function at(error: errors.ElasticsearchClientError): string {
  const name = "meta" in error ? (error as errors.ConnectionError).meta?.meta?.name : undefined;
  return typeof name === "string" && name.startsWith("http") ? ` at ${withoutSecrets(name)}` : "";
}

function withoutSecrets(text: string): string {
  return text
    .replaceAll(/\/\/[^/\s]*@/g, "//")
    .trim()
    .replace(/\.$/, "");
}

/** The client's errors carry the whole request: megabytes of rows and the header that authorises it. */
function withoutRequest(error: errors.ElasticsearchClientError): Error {
  const cause = new Error(withoutSecrets(error.message));
  cause.name = error.name;
  if (error.stack !== undefined) cause.stack = withoutSecrets(error.stack);
  return cause;
}

// src/stores/weaviate speaks to Weaviate: one connection, one collection with a tenant for each customer. It never
// knows what an object means.
import type { WeaviateClient } from "weaviate-client";
import { AppError } from "../../engine/errors.ts";

export interface WeaviateOptions {
  /** Like http://localhost:8080; ?grpc=PORT names the port of its gRPC when that is not 50051 (443 with https). */
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** Of one request. */
  readonly timeoutMillis: number;
}

/** Loads the driver. Throws AppError client_missing when it is not installed. */
export async function loadDriver(): Promise<typeof import("weaviate-client")> {
  try {
    return await import("weaviate-client");
  } catch (cause) {
    throw new AppError("client_missing", "The package weaviate-client, which speaks to Weaviate, cannot be loaded.", {
      cause,
      hint: "Install it: npm install weaviate-client",
    });
  }
}

const connectionHint = "Check WEAVIATE_URL and WEAVIATE_API_KEY, and that Weaviate runs.";
const away = "weaviate_unreachable";

/** Connects when it is first used. Everything it throws is an AppError. */
export class Weaviate {
  readonly options: WeaviateOptions;
  private client: Promise<WeaviateClient> | undefined;

  constructor(options: WeaviateOptions) {
    this.options = options;
  }

  /** Does one request, which `what` names as in "read objects". */
  async call<T>(what: string, request: (client: WeaviateClient) => Promise<T>): Promise<T> {
    try {
      this.client ??= this.connect();
      return await request(await this.client);
    } catch (error) {
      throw describe(what, error);
    }
  }

  async close(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.then((open) => open.close()).catch(() => {});
  }

  private connect(): Promise<WeaviateClient> {
    const connecting = this.open();
    connecting.catch(() => (this.client = undefined)); // the next request tries again
    return connecting;
  }

  private async open(): Promise<WeaviateClient> {
    const { connectToCustom, ApiKey } = (await loadDriver()).default;
    const { url: text, apiKey, timeoutMillis } = this.options;
    const url = new URL(text);
    const isSecure = url.protocol === "https:";
    const seconds = Math.max(1, Math.ceil(timeoutMillis / 1000));
    const path = url.pathname.replace(/\/+$/, "");
    return connectToCustom({
      httpHost: url.hostname,
      httpPort: Number(url.port) || (isSecure ? 443 : 80),
      httpSecure: isSecure,
      ...(path === "" ? {} : { httpPath: path }),
      grpcHost: url.hostname,
      grpcPort: Number(url.searchParams.get("grpc")) || (isSecure ? 443 : 50_051),
      grpcSecure: isSecure,
      timeout: { init: Math.min(5, seconds), query: seconds, insert: seconds },
      ...(apiKey === undefined ? {} : { authCredentials: new ApiKey(apiKey) }),
    });
  }
}

function describe(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { message, name } = error as Error;
  const text = `Weaviate did not ${what}: ${message}.`;
  if (
    /UNAVAILABLE|DEADLINE|CANCELLED|ECONN|fetch failed|socket|timed? ?out|aborted/i.test(message) ||
    /Timeout|Unavailable|StartUp|Abort/.test(name)
  )
    return new AppError(away, text, { cause: error, hint: connectionHint });
  if (/UNAUTHENTICATED|PERMISSION_DENIED|401|403|forbidden/i.test(message))
    return new AppError("weaviate_denied", text, { cause: error, hint: connectionHint });
  return new AppError("weaviate_failed", text, { cause: error, hint: "Look into Weaviate's log." });
}

/** Nothing was ever written for the tenant. */
export function isTenantMissing(error: unknown): boolean {
  return error instanceof AppError && error.code === "weaviate_failed" && error.message.includes("tenant not found");
}

/**
 * Why Weaviate 1.27 refuses an object that it takes a moment later: the shard of its tenant is being removed or made, or
 * is looked for at a node of the cluster that does not answer.
 */
export function isPassingRefusal(reason: string): boolean {
  return /tenant not found|already closed|closed tracker|already shut or dropped|dial tcp /.test(reason);
}

/** A text of the filter has no word but those Weaviate does not index, like "a" and "the". */
export function isFilterWithoutWords(error: unknown): boolean {
  return error instanceof AppError && error.code === "weaviate_failed" && error.message.includes("only stopwords");
}

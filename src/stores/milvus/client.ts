// src/stores/milvus speaks to Milvus: one connection, one collection, filters as text. It never knows what a row means.
import type { MilvusClient } from "@zilliz/milvus2-sdk-node";
import { AppError } from "../../engine/errors.ts";
import { inTime } from "../../engine/in-time.ts";
import { failureOf, refusalError, thrownError, timeoutError } from "./errors.ts";

export interface MilvusOptions {
  /** Like http://localhost:19530; https turns TLS on. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  /** Of one request. */
  readonly timeoutMillis: number;
}

/** What a server can do. */
export interface Dialect {
  readonly version: string;
  /** Scalars may be null; Milvus has this since 2.5. */
  readonly hasNulls: boolean;
  /**
   * An upsert replaces the row; before 2.4 it puts rows with a partition key into the wrong partition, so a delete
   * comes before the insert.
   */
  readonly upserts: boolean;
  /** LIKE "%x%"; since 2.4. */
  readonly hasInfix: boolean;
  /** Milvus Lite has INVERTED only; its pages by key lose rows, and it takes any offset. */
  readonly isLite: boolean;
}

/** Loads the driver. Throws AppError client_missing when it is not installed. */
export async function loadDriver(): Promise<typeof import("@zilliz/milvus2-sdk-node")> {
  try {
    return await import("@zilliz/milvus2-sdk-node");
  } catch (cause) {
    throw new AppError(
      "client_missing",
      "The package @zilliz/milvus2-sdk-node, which speaks to Milvus, cannot be loaded.",
      {
        cause,
        hint: "Install it: npm install @zilliz/milvus2-sdk-node",
      },
    );
  }
}

/** Connects when it is first used, and again after a failure. Everything it throws is an AppError. */
export class Milvus {
  readonly options: MilvusOptions;
  private client: Promise<MilvusClient> | undefined;
  private known: Promise<Dialect> | undefined;

  constructor(options: MilvusOptions) {
    this.options = options;
  }

  /**
   * Does one request, which `what` names as in "insert 5 rows". Throws for an answer that says no, and when none came
   * in time.
   */
  async call<T extends object>(
    what: string,
    request: (client: MilvusClient) => Promise<T>,
    timeoutMillis: number = this.options.timeoutMillis,
  ): Promise<T> {
    const client = this.connected();
    try {
      const answer = await inTime(client.then(request), timeoutMillis, () => timeoutError(what));
      const failure = failureOf(answer);
      if (failure !== undefined) throw refusalError(what, failure);
      return answer;
    } catch (error) {
      const known = thrownError(what, error);
      if (known.code === "milvus_unreachable" || known.code === "milvus_timeout") this.drop(client);
      throw known;
    }
  }

  /** What the server can do, asked once. */
  async dialect(): Promise<Dialect> {
    this.known ??= this.call("tell its version", (client) => client.getVersion()).then(({ version }) =>
      dialectOf(version),
    );
    const asked = this.known;
    asked.catch(() => (this.known = undefined));
    return asked;
  }

  async close(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.then((open) => open.closeConnection()).catch(() => {});
  }

  private connected(): Promise<MilvusClient> {
    this.client ??= this.connect();
    return this.client;
  }

  private async connect(): Promise<MilvusClient> {
    const { MilvusClient: Client } = await loadDriver();
    const { endpoint, token, timeoutMillis } = this.options;
    const url = new URL(endpoint);
    const client = new Client({
      address: url.host,
      ssl: url.protocol === "https:",
      ...(token === undefined ? {} : { token }),
      timeout: timeoutMillis,
      maxRetries: 0, // a write that was sent twice could overtake a later one
      logLevel: "error",
      telemetry: { enabled: false },
      channelOptions: {
        // Servers close connections that are pinged more often; who does not answer is noticed by the time-out.
        "grpc.keepalive_time_ms": 300_000,
        "grpc.keepalive_permit_without_calls": 0,
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
      },
    });
    client.connectPromise.catch(() => {}); // each request says so by itself
    return client;
  }

  private drop(client: Promise<MilvusClient>): void {
    if (this.client === client) this.client = undefined;
    void client.then((open) => open.closeConnection()).catch(() => {});
  }
}

function dialectOf(version: string): Dialect {
  const isLite = version.includes("lite");
  const [major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const since = (atLeast: number): boolean => isLite || major > 2 || (major === 2 && minor >= atLeast);
  return { version, hasNulls: since(5), upserts: since(4), hasInfix: since(4), isLite };
}

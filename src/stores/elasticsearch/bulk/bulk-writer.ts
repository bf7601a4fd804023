import { spreadBackOff } from "../../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, errors } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import type { Receipt, Refusal } from "../../../engine/ports.ts";
import type { BulkBody } from "./bulk-body.ts";
import { type BulkFault, bulkFault } from "./bulk-faults.ts";
import { linesFor, type Place, placeOf, routingOf } from "../indices/place.ts";
import { firstWords, InterceptedError } from "../intercepted.ts";

export interface BulkWriterOptions {
  /** Attempts after the first when Elasticsearch does not answer. */
  readonly maxRetries: number;
  /** Awaited before each request; what it throws ends the write. */
  readonly beforeRequest?: (signal: AbortSignal) => Promise<void>;
  /** Told why the writer waits; what it returns is called when the wait is over. */
  readonly onWait?: (fault: BulkFault, reason: string) => () => void;
  /** Sent as X-Opaque-Id, so that the requests can be told from others while the server is at work on them. */
  readonly opaqueId?: string;
  /** Milliseconds before the first retry; doubles up to 30 s. */
  readonly firstDelay?: number;
}

export interface BulkReceipt extends Receipt {
  /** Ids of records, among those written, that the index has at a higher version than theirs and has kept. */
  readonly newer: readonly string[];
}

/** Positions of the records of one request in their body. */
type Parcel = readonly number[];

interface Problem {
  readonly fault: BulkFault;
  readonly type: string;
  readonly reason: string;
}

interface BulkResponse {
  readonly errors: boolean;
  readonly items?: readonly {
    readonly index: {
      readonly status: number;
      readonly error?: { type: string; reason?: string; caused_by?: { reason?: string } };
    };
  }[];
}

const longestDelay = 30_000;
/** A queue that stays full this long is an outage that someone should see; about ten minutes of attempts. */
const busyAttempts = 25;
/** A document this large, alone in its request, that the server's memory refuses this often will never fit into it. */
const lonelyAttempts = 6;
const largeDocument = 1024 * 1024;
/** Below this size a request is not made smaller: an overloaded server would only get more of them. */
const smallestRequest = 64 * 1024;

/**
 * Writes bodies into one index after another. A record is sent again until it is indexed, refused for good, or older
 * than what the index has, so afterwards every record is one of these. Requests shrink when the server lacks memory and
 * grow again. Throws AppError when the target takes nothing.
 */
export class BulkWriter {
  private readonly client: Client;
  private readonly options: BulkWriterOptions;
  private largestRequest = Number.POSITIVE_INFINITY;

  constructor(client: Client, options: BulkWriterOptions) {
    this.client = client;
    this.options = options;
  }

  /**
   * Into the place of this name. `signal` ends the waits before and between attempts, with an AbortError; a request
   * under way is always awaited.
   */
  async write(name: string, body: BulkBody, signal: AbortSignal): Promise<BulkReceipt> {
    const place = placeOf(name);
    const refused: Refusal[] = [];
    const newer: string[] = [];
    const parcels: Parcel[] = [Array.from({ length: body.records }, (_, at) => at)];
    // each fault by itself: a long overload must not use up the retries of a lost connection
    let attempts: Partial<Record<BulkFault, number>> = {};
    let refusedAlone = 0;
    for (let parcel = parcels.shift(); parcel !== undefined; parcel = parcels.shift()) {
      const bytes = linesFor(place, body, parcel);
      if (bytes.length > this.largestRequest && parcel.length > 1) {
        parcels.unshift(...halves(parcel));
        continue;
      }
      await this.options.beforeRequest?.(signal);
      const { again, problem } = await this.send(place, body, parcel, bytes, { refused, newer });
      if (problem === undefined) {
        this.largestRequest *= 1.25;
        attempts = {};
        refusedAlone = 0;
        continue;
      }
      if (problem.fault === "fatal") throw fatalError(name, problem);
      if (problem.fault === "memory" && parcel.length === 1 && bytes.length > largeDocument) refusedAlone++;
      if (problem.fault === "too_large" || refusedAlone === lonelyAttempts) {
        refusedAlone = 0;
        if (again.length === 1) refused.push({ id: body.id(again[0]!), type: problem.type, reason: problem.reason });
        else parcels.unshift(...halves(again));
        continue;
      }
      if (problem.fault === "memory")
        this.largestRequest = Math.max(smallestRequest, Math.min(this.largestRequest, bytes.length) / 2);
      const attempt = (attempts[problem.fault] ?? 0) + 1;
      attempts[problem.fault] = attempt;
      await this.backOff(problem, attempt, signal);
      parcels.unshift(...(isCapacity(problem.fault) && bytes.length > smallestRequest ? halves(again) : [again]));
    }
    return { written: body.records - refused.length, refused, newer };
  }

  /**
   * Sends once. What became of records for good is added to `ended`; those to send again come back with the worst of
   * their problems.
   */
  private async send(
    place: Place,
    body: BulkBody,
    parcel: Parcel,
    bytes: Buffer,
    ended: { readonly refused: Refusal[]; readonly newer: string[] },
  ): Promise<{ again: Parcel; problem?: Problem }> {
    let response: BulkResponse;
    try {
      response = await this.request(place, bytes);
    } catch (error) {
      return { again: parcel, problem: requestProblem(error) };
    }
    const items = response.items ?? [];
    if (items.length !== parcel.length) {
      throw new AppError("unexpected_answer", `The answer to a bulk of ${parcel.length} has ${items.length} items.`, {
        hint: "Look at what stands between this program and Elasticsearch, then run the same command again.",
      });
    }
    if (!response.errors) return { again: [] };
    const again: number[] = [];
    let problem: Problem | undefined;
    for (const [at, { index: item }] of items.entries()) {
      if (item.error === undefined) continue;
      const { type } = item.error;
      const reason = [item.error.reason, item.error.caused_by?.reason].filter((text) => text !== undefined).join("; ");
      const fault = bulkFault(item.status, type, reason);
      if (fault === "superseded") {
        ended.newer.push(body.id(parcel[at]!));
      } else if (fault === "refused") {
        ended.refused.push({ id: body.id(parcel[at]!), type, reason });
      } else {
        again.push(parcel[at]!);
        if (problem?.fault !== "fatal") problem = { fault, type, reason };
      }
    }
    return problem === undefined ? { again } : { again, problem };
  }

  private request(place: Place, bytes: Buffer): Promise<BulkResponse> {
    return this.client.transport.request<BulkResponse>(
      {
        method: "POST",
        path: `/${encodeURIComponent(place.index)}/_bulk`,
        querystring: { filter_path: "errors,items.*.error,items.*.status", ...routingOf(place) },
        bulkBody: bytes as never, // taken as it is; the type names only strings and objects
      },
      { maxRetries: 0, ...(this.options.opaqueId !== undefined && { opaqueId: this.options.opaqueId }) },
    );
  }

  private async backOff(problem: Problem, attempt: number, signal: AbortSignal): Promise<void> {
    const limit =
      problem.fault === "disk_full"
        ? Number.POSITIVE_INFINITY
        : problem.fault === "unreachable"
          ? this.options.maxRetries
          : busyAttempts;
    if (attempt > limit) throw exhaustedError(problem, attempt);
    const delay = spreadBackOff(attempt, { first: this.options.firstDelay ?? 500, longest: longestDelay });
    const goOn = this.options.onWait?.(problem.fault, waitReasons[problem.fault] ?? problem.reason);
    try {
      await sleep(delay, undefined, { signal });
    } finally {
      goOn?.();
    }
  }
}

const waitReasons: Partial<Record<BulkFault, string>> = {
  busy: "throttled by Elasticsearch pressure: it is busy",
  memory: "throttled by Elasticsearch pressure: it is short of memory, requests are being made smaller",
  disk_full:
    "flood stage: a disk of Elasticsearch is above it; free space or raise the watermark, the run goes on by itself",
  unreachable: "Elasticsearch does not answer",
  intercepted: "something between this program and Elasticsearch answers in its place",
};

function isCapacity(fault: BulkFault): boolean {
  return fault === "busy" || fault === "memory";
}

function halves(parcel: Parcel): Parcel[] {
  if (parcel.length < 2) return [parcel];
  const middle = parcel.length >> 1;
  return [parcel.slice(0, middle), parcel.slice(middle)];
}

function requestProblem(error: unknown): Problem {
  if (error instanceof errors.ResponseError) {
    const cause = (error.body as { error?: { type?: string; reason?: string } | string } | undefined)?.error;
    const type = typeof cause === "object" ? (cause.type ?? "") : "";
    const reason = typeof cause === "object" ? (cause.reason ?? "") : firstWords(cause ?? error.body);
    const status = error.statusCode ?? 500;
    const fault = bulkFault(status, type, reason);
    // a request refused as a whole is no matter of one record, unless it holds only one
    return { fault: fault === "refused" ? "too_large" : fault, type: type === "" ? `http_${status}` : type, reason };
  }
  if (error instanceof InterceptedError || error instanceof errors.ProductNotSupportedError)
    return { fault: "intercepted", type: "not Elasticsearch's answer", reason: error.message };
  if (error instanceof errors.ElasticsearchClientError && !(error instanceof errors.ConfigurationError)) {
    return { fault: "unreachable", type: error.name, reason: error.message };
  }
  throw error;
}

function fatalError(index: string, { type, reason }: Problem): AppError {
  if (type === "index_not_found_exception") {
    return new AppError("index_gone", `Index ${index} was deleted while it was being written.`, {
      hint: "Run the same command again: its partition is copied from the start.",
    });
  }
  return new AppError("target_refuses", `Elasticsearch refuses writes to ${index}: ${type}: ${reason}`, {
    hint: "Mend the cause (privileges, write blocks, closed index), then run the same command again: it goes on where it was.",
  });
}

function exhaustedError({ fault, type, reason }: Problem, attempts: number): AppError {
  if (fault === "intercepted")
    return new AppError(
      "elasticsearch_intercepted",
      `Elasticsearch did not answer in ${attempts} attempts, ${reason}.`,
      {
        hint:
          "Look at the proxy, balancer or gateway before Elasticsearch. What was confirmed is kept, and no record was judged by these answers. Then run the " +
          "same command again: it goes on where it was.",
      },
    );
  const what = fault === "unreachable" ? "did not answer" : "stayed too busy";
  return new AppError("target_unavailable", `Elasticsearch ${what} after ${attempts} attempts: ${type}: ${reason}`, {
    hint: "What was confirmed is kept. When Elasticsearch is well again, run the same command again: it goes on where it was.",
  });
}

import { spreadBackOff } from "../../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Client, errors } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { describeElasticsearchError, described } from "../errors.ts";
import { InterceptedError, isIntercepted } from "../intercepted.ts";

const unzip = promisify(gunzip);

export interface RawRequest {
  readonly method: "POST";
  readonly path: string;
  readonly body?: object;
  /** Lines of NDJSON, in place of a body. */
  readonly bulkBody?: object[];
}

/** A server that stays busy longer is an outage that someone should see: about a minute of waits. */
const retries = 7;
const pauses = { first: 500, longest: 16_000 };
const busyStatuses = new Set([429, 502, 503, 504]);

/**
 * The bytes of the answer exactly as the server wrote them: the client's own parser loses digits. As the client neither
 * looks at the status of such an answer nor repeats the request, both are done here. Throws AppError for every answer
 * that is not a success, and `answer_too_large` as soon as more than `limit` bytes have come.
 */
export async function readAnswer(client: Client, request: RawRequest, limit?: number): Promise<Buffer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await readOnce(client, request, limit);
    } catch (error) {
      if (!(error instanceof BusyError)) throw error;
      if (attempt === retries) throw error.cause;
    }
    await sleep(spreadBackOff(attempt + 1, pauses));
  }
}

/** The server or the way to it may be well again soon. */
class BusyError extends Error {}

async function readOnce(client: Client, request: RawRequest, limit: number | undefined): Promise<Buffer> {
  const response = await described(
    client.transport.request<AsyncIterable<Buffer>>(request, { asStream: true, meta: true }),
  );
  const body = await wholeBody(response.body, response.headers?.["content-encoding"], limit);
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return body;
  const answer = { ...response, body: parsed(body) };
  const intercepted = isIntercepted(answer);
  const failure = describeElasticsearchError(
    intercepted ? new InterceptedError(answer) : new errors.ResponseError(answer),
  );
  throw intercepted || busyStatuses.has(status) ? new BusyError(failure.message, { cause: failure }) : failure;
}

async function wholeBody(
  stream: AsyncIterable<Buffer>,
  encoding: unknown,
  limit = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > limit)
        throw new AppError("answer_too_large", `The answer is larger than ${limit} bytes.`, {
          hint: "Lower --batch-size, and look at what stands before Elasticsearch.",
        });
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    return encoding === "gzip" ? await unzip(bytes) : bytes;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = `An answer of Elasticsearch ended early: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new BusyError(message, {
      cause: new AppError("elasticsearch_unreachable", message, {
        cause,
        hint: "Look at the network between this program and Elasticsearch, then run the same command again.",
      }),
    });
  }
}

/** A proxy's page stays text. */
function parsed(body: Buffer): unknown {
  const text = body.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

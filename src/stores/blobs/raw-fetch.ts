import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Readable } from "node:stream";

const options = { keepAlive: true, maxSockets: 64, timeout: 60_000 };
const agents = { "http:": new HttpAgent(options), "https:": new HttpsAgent(options) };

/**
 * As fetch, for a request without a body, but the answer's body is what the server sent: fetch unpacks whatever says
 * `content-encoding: gzip`, and an object that was stored so would come back as another one. Follows no redirects.
 */
export async function rawFetch(request: Request, signal: AbortSignal): Promise<Response> {
  const url = new URL(request.url);
  const isTls = url.protocol === "https:";
  const agent = agents[isTls ? "https:" : "http:"];
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = Object.fromEntries(request.headers);
    const sent = (isTls ? httpsRequest : httpRequest)(url, { method: request.method, headers, agent, signal }, resolve);
    sent.on("error", reject);
    sent.end();
  });
  const headers = new Headers();
  for (let at = 0; at < answer.rawHeaders.length; at += 2)
    headers.append(answer.rawHeaders[at]!, answer.rawHeaders[at + 1]!);
  const { statusCode: status = 0 } = answer;
  const isEmpty = status === 204 || status === 304 || request.method === "HEAD";
  if (isEmpty) answer.resume();
  return new Response(isEmpty ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers });
}

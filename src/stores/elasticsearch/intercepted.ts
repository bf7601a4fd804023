import { type DiagnosticResult, errors } from "@elastic/elasticsearch";

/**
 * Something between this program and Elasticsearch answered in its place: a proxy without a backend, a gateway's page,
 * a portal's redirect. Such an answer says nothing about a record, an index or a privilege.
 */
export class InterceptedError extends errors.ConnectionError {
  constructor(result: DiagnosticResult) {
    super(`something in between answered ${result.statusCode}: ${firstWords(result.body)}`, result);
    this.name = "InterceptedError";
  }
}

/**
 * Elasticsearch answers us in JSON, and names itself in a header of its answers; where a proxy takes that away, or it
 * refuses before it has read the request, its errors are still JSON with a type.
 */
export function isIntercepted({ statusCode = 0, headers, body }: DiagnosticResult): boolean {
  if (saysEnough(statusCode)) return false;
  if (typeof body === "string" && body.trim() !== "") return true; // no JSON, whatever its headers say
  if (headers?.["x-elastic-product"] === "Elasticsearch") return false;
  const { error } = (typeof body === "object" && body !== null ? body : {}) as { error?: { type?: unknown } | string };
  if (typeof error === "string") return !ofNoHandler.test(error);
  return typeof error?.type !== "string";
}

/**
 * What a success has to hold for us to read anything in it: what lacks that would look like documents that are missing.
 */
const needed: readonly (readonly [endpoint: RegExp, member: string])[] = [
  [/\/_mget$/, "docs"],
  [/\/_count$/, "count"],
];

/** Whether a success answers a request for this path, and not some other. */
export function isAnswerTo(path: string, body: unknown): boolean {
  const member = needed.find(([endpoint]) => endpoint.test(path))?.[1];
  return member === undefined || (typeof body === "object" && body !== null && member in body);
}

/** What it says, without its header, of a path or method that it does not know. */
const ofNoHandler = /^(no handler found for uri|incorrect http method for uri)/i;

/**
 * Whoever says that a request is too large, that there are too many, or that the server is away: what follows is the
 * same.
 */
function saysEnough(status: number): boolean {
  return status === 413 || status === 429 || status >= 500;
}

const longest = 80;

/** The text of a page without its marks, cut to what fits into a line. */
export function firstWords(body: unknown): string {
  const text = typeof body === "string" ? body : (JSON.stringify(body) ?? "");
  const words = text
    .slice(0, 4000)
    .replaceAll(/<(style|script)\b[^]*?<\/\1\s*>|<!--[^]*?-->|<[^>]*>/gi, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return words.length > longest ? `${words.slice(0, longest)}…` : words || "nothing";
}

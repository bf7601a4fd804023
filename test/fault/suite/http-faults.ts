import { setTimeout as sleep } from "node:timers/promises";
import { type HttpFault, type ProxiedRequest } from "../../support/http-fault-proxy.ts";

/** What proxies and networks do to requests, by the name that docs/reliability.md has. */
export const httpFaults = {
  "answers come late": async ({ forward, pass }) => {
    const answer = await forward();
    await sleep(150);
    pass(answer);
  },
  "connections are reset": ({ reset }) => reset(),
  "answers are lost": async ({ forward, reset }) => {
    await forward();
    reset();
  },
  "answers end half way": async ({ forward, drip }) => {
    const answer = await forward();
    await drip(answer, { only: Math.floor(answer.body.length / 2) });
  },
  "answers come a few bytes at a time": async ({ forward, drip }) => drip(await forward(), { pause: 15 }),
  "nothing is answered": () => {},
  "too many requests (429)": ({ answer }) =>
    answer(error(429, "es_rejected_execution_exception", "rejected execution")),
  "a circuit breaker trips (429)": ({ answer }) =>
    answer(error(429, "circuit_breaking_exception", "[parent] Data too large")),
  "a proxy answers 502": ({ answer }) => answer(page(502, "Bad Gateway")),
  "a proxy answers 503": ({ answer }) => answer(page(503, "Service Unavailable")),
  "a proxy answers 504 after the server has done it": async ({ forward, answer }) => {
    await forward();
    answer(page(504, "Gateway Timeout"));
  },
  "a proxy answers 404": ({ answer }) => answer(page(404, "Not Found")),
  "a proxy answers 413": ({ answer }) => answer(page(413, "Request Entity Too Large")),
  "a proxy answers 200 with its own page": ({ answer }) => answer(page(200, "Please log in")),
  "answers are garbage": ({ answer }) => answer({ status: 200, body: '{"took":1,"items":[{"ind' }),
  "a read is answered with nothing": async ({ request, forward, pass, answer }) =>
    /\/_(mget|msearch|search)\b/.test(request.path) ? answer({ status: 200, body: "{}" }) : pass(await forward()),
  "answers are garbage in the middle": async ({ forward, pass }) => {
    const { body, ...answer } = await forward();
    pass({ ...answer, body: body.fill(0x22, Math.floor(body.length / 3), Math.floor(body.length / 2)) });
  },
  "a bulk request is answered with nothing": async ({ request, forward, pass, answer }) =>
    isBulk(request) ? answer({ status: 200, body: "{}" }) : pass(await forward()),
  "every document is rejected for now (429)": async ({ request, forward, pass, answer }) =>
    isBulk(request) ? answer(rejectedItems(request)) : pass(await forward()),
} satisfies Record<string, HttpFault>;

function error(status: number, type: string, reason: string) {
  return { status, body: JSON.stringify({ error: { type, reason, root_cause: [{ type, reason }] }, status }) };
}

function page(status: number, title: string) {
  return {
    status,
    body: `<html><head><title>${status} ${title}</title></head><body>${title}</body></html>`,
    type: "text/html",
  };
}

function isBulk({ path }: ProxiedRequest): boolean {
  return /\/_bulk\b/.test(path);
}

/** As Elasticsearch answers a bulk request whose queue is full. */
function rejectedItems({ body }: ProxiedRequest) {
  const actions = body
    .toString()
    .split("\n")
    .flatMap((line) => /^\{"(index|create|delete|update)":\{/.exec(line)?.[1] ?? []);
  const rejection = { type: "es_rejected_execution_exception", reason: "rejected execution" };
  const items = actions.map((kind) => ({ [kind]: { _index: "x", _id: "x", status: 429, error: rejection } }));
  return { status: 200, body: JSON.stringify({ took: 1, errors: true, items }) };
}

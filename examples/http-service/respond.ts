import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { AppError, type OpenArchive, toJson, UsageError } from "log-archive";
import { runOf } from "./run-of.ts";
import { listLogs, listRuns, showRun, showStatistics } from "./questions.ts";
import { type Answer, serviceApi } from "./service-api.ts";

const appPath = /^\/tenants\/([^/]+)\/apps\/([^/]+)\/(runs|logs|statistics)(?:\/([^/]+))?$/;

/** Answers a request; whatever happens is an answer. */
export async function respond(archive: OpenArchive, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { status, body } = await answer(archive, request);
    send(response, status, body);
  } catch (error) {
    send(response, ...failure(error));
  }
}

async function answer(archive: OpenArchive, request: IncomingMessage): Promise<Answer> {
  const { repositories } = archive;
  const url = new URL(request.url ?? "/", "http://localhost");
  const ofDify = await serviceApi(archive, request, url);
  if (ofDify !== undefined) return ofDify;
  if (request.method === "GET" && url.pathname === "/stats") return { status: 200, body: repositories.stats() ?? {} };
  const [, tenant, app, subject, id] = appPath.exec(url.pathname) ?? [];
  if (tenant === undefined || app === undefined) return { status: 404, body: notFound };
  const of = { tenantId: decodeURIComponent(tenant), appId: decodeURIComponent(app) };
  const asked = `${request.method} ${subject}${id === undefined ? "" : "/id"}`;
  if (asked === "POST runs") {
    const run = runOf(of, await json(request));
    await repositories.workflowExecutions.save(run);
    return { status: 201, body: run };
  }
  const body =
    asked === "GET runs"
      ? await listRuns(repositories, of, url.searchParams)
      : asked === "GET runs/id"
        ? await showRun(repositories, of, decodeURIComponent(id!))
        : asked === "GET logs"
          ? await listLogs(repositories, of, url.searchParams)
          : asked === "GET statistics"
            ? await showStatistics(repositories, of, url.searchParams)
            : undefined;
  return body === undefined ? { status: 404, body: notFound } : { status: 200, body };
}

const notFound = { error: { code: "not_found", message: "There is nothing here." } };

function failure(error: unknown): [status: number, body: unknown] {
  if (error instanceof z.ZodError) return [400, { error: { code: "invalid_body", message: z.prettifyError(error) } }];
  if (error instanceof SyntaxError || error instanceof URIError)
    return [400, { error: { code: "invalid_request", message: error.message } }];
  if (!(error instanceof AppError)) return [500, { error: { code: "internal", message: "Something failed." } }];
  const { code, message, hint } = error;
  return [error instanceof UsageError ? 400 : 503, { error: { code, message, hint } }];
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(toJson(body)));
}

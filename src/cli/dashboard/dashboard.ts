import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { AppError, UsageError } from "../../engine/errors.ts";
import type { Log } from "../../engine/log.ts";
import { describeStoreError } from "../../workflow-logs/connections.ts";
import type { Redact } from "../output/redact.ts";
import { Access, type AccessSettings, type Refusal } from "./access.ts";
import { readPageFiles } from "./page-files.ts";
import { securityHeaders } from "./security-headers.ts";
import type { Sources } from "./sources.ts";
import { TextFile, type View } from "./view.ts";
import { coverageViews } from "./views/coverage.ts";
import { errorViews } from "./views/errors.ts";
import { logViews } from "./views/logs.ts";
import { retentionViews } from "./views/retention.ts";
import { runViews } from "./views/runs.ts";
import { storeViews } from "./views/stores.ts";

// src/cli/dashboard serves a page on the library's own calls: what it shows are the answers of status, runs, errors,
// retention, search and show, and the controls are those of `app runs`. It holds no truth of its own, takes nothing
// from the file system by name, and writes nothing into the archive. The page itself is in the folder `dashboard`.

export interface DashboardSettings extends AccessSettings {
  /** Whether runs may be paused, resumed, aborted and set. */
  readonly allowControl: boolean;
}

const allViews = [storeViews, coverageViews, runViews, errorViews, retentionViews, logViews];

/** The server, which does not listen yet. The caller closes it. */
export function createDashboard(
  sources: Sources,
  settings: DashboardSettings,
  { log, redact }: { readonly log: Log; readonly redact: Redact },
): FastifyInstance {
  const access = new Access(settings);
  const server = Fastify({ bodyLimit: 10_000, requestTimeout: 10_000, forceCloseConnections: true });
  server.addHook("onRequest", (request, reply, next) => {
    void reply.headers(securityHeaders);
    refuseOr(next, access.refusal(request.headers), reply);
  });
  server.setErrorHandler((error, request, reply) => fail(error, request, reply));
  server.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send({ error: { code: "not_found", message: "There is nothing here.", hint: "The page is at /." } }),
  );
  servePage(server);
  serveLogin(server, access);
  const parts = { sources, allowControl: settings.allowControl, log };
  serveViews(
    server,
    access,
    allViews.flatMap((viewsOf) => viewsOf(parts)),
  );
  return server;

  function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = describeStoreError(error);
    if (known instanceof AppError) {
      const { code, message, hint = null } = known;
      const status = known instanceof UsageError ? 400 : 503;
      return reply.code(status).send({ error: { code, message: redact(message), hint: hint && redact(hint) } });
    }
    const status = statusOf(error);
    if (status !== undefined)
      return reply
        .code(status)
        .send({ error: { code: "bad_request", message: "This cannot be read.", hint: "Send JSON of at most 10 KB." } });
    log.error({ err: error, url: request.url.slice(0, 200) }, "the dashboard failed to answer");
    const hint = "This is a defect of the program; its log has the details. Please report it.";
    return reply.code(500).send({ error: { code: "unexpected", message: "This could not be answered.", hint } });
  }
}

function refuseOr(next: () => void, refusal: Refusal | undefined, reply: FastifyReply): void {
  if (refusal === undefined) next();
  else void refuse(reply, refusal);
}

function refuse(reply: FastifyReply, { status, code, message, hint }: Refusal): FastifyReply {
  return reply.code(status).send({ error: { code, message, hint: hint ?? null } });
}

/** Of an error of the HTTP server about what it was sent. */
function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined;
}

/** Its files hold no data, so they need no token: the page asks for it. */
function servePage(server: FastifyInstance): void {
  for (const [path, { type, body }] of readPageFiles())
    server.get(path, (_request, reply) => reply.type(type).send(body));
}

function serveLogin(server: FastifyInstance, access: Access): void {
  server.post("/login", (request, reply) => {
    const refusal = access.refusalOfChange(request.headers);
    if (refusal !== undefined) return refuse(reply, refusal);
    const { token } = (request.body ?? {}) as { token?: unknown };
    if (typeof token !== "string" || !access.isToken(token))
      return refuse(reply, {
        status: 401,
        code: "wrong_token",
        message: "This is not the token.",
        hint: "It is the value of DASHBOARD_TOKEN where app dashboard was started.",
      });
    return reply.header("set-cookie", access.cookie()).send({});
  });
  server.post("/logout", (request, reply) => {
    const refusal = access.refusalOfChange(request.headers);
    return refusal === undefined ? reply.header("set-cookie", access.noCookie()).send({}) : refuse(reply, refusal);
  });
}

function serveViews(server: FastifyInstance, access: Access, all: readonly View[]): void {
  for (const { method, path, answer } of all) {
    server.route({
      method,
      url: `/api/${path}`,
      onRequest: (request, reply, next) => {
        const refusal = access.refusalOfData(request.headers);
        refuseOr(next, refusal ?? (method === "POST" ? access.refusalOfChange(request.headers) : undefined), reply);
      },
      handler: async (request, reply) => {
        const { searchParams: query } = new URL(request.url, "http://localhost");
        const params = request.params as Readonly<Record<string, string>>;
        const given = await answer({ query, params, body: request.body, from: request.ip });
        if (given instanceof TextFile) {
          const name = given.name.replaceAll(/[^A-Za-z0-9_.-]/g, "_");
          return reply
            .type("text/plain; charset=utf-8")
            .header("content-disposition", `attachment; filename="${name}"`)
            .send(given.text);
        }
        return reply.send(given);
      },
    });
  }
}

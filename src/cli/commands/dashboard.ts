import { once } from "node:events";
import type { ConfigOf } from "../../config/read-sections.ts";
import { dashboard } from "../../config/sections/dashboard.ts";
import { secretsIn } from "../../config/secrets.ts";
import { AppError, UsageError } from "../../engine/errors.ts";
import type { Connections } from "../../workflow-logs/connections.ts";
import { command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { redactor } from "../output/redact.ts";
import { toggle, value } from "../options/flags.ts";
import { anyText, option, wholeNumber } from "../options/values.ts";
import {
  type Database,
  requireEnabled,
  runHomesConfig,
  storesConfig,
  withDatabase,
  withRunHomes,
  withStores,
} from "../wiring.ts";

const address = option("an http or https address without a path", (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === "/" ? url : undefined;
});

const config = { ...storesConfig, ...runHomesConfig, dashboard };

export default command({
  flags: {
    port: value("0: any that is free", wholeNumber(0, 65_535).default(0)),
    host: value("address to listen on; others than this machine need DASHBOARD_TOKEN", anyText.default("127.0.0.1")),
    publicUrl: value("what browsers call it where a proxy stands before it", address.optional()),
    allowControl: toggle("let the page pause, resume, abort and set runs"),
  },
  examples: [
    ["dashboard", "look at the archive of this machine's configuration in a browser"],
    ["dashboard --port 8090 --allow-control", "the same at a port of your own, with controls for runs"],
  ],
  logLevel: "info",
  config,
  run: async (given, context) => {
    const { elasticsearch } = context.config;
    if (elasticsearch.enabled)
      await withStores(context, (connections) => serve(given, context, connections, connections));
    else await withDatabase(context, (database) => serve(given, context, database, undefined));
  },
});

interface Given {
  readonly port: number;
  readonly host: string;
  readonly publicUrl?: URL | undefined;
  readonly allowControl?: true | undefined;
}

type DashboardContext = CommandContext<ConfigOf<typeof config>>;

/** Until the operator stops it. */
async function serve(
  { port, host, publicUrl, allowControl: mayControl }: Given,
  context: DashboardContext,
  database: Database,
  connections: Connections | undefined,
): Promise<void> {
  const { config: settings, log, env, output, signal } = context;
  const allowControl = mayControl === true;
  const { createDashboard } = await import("../dashboard/dashboard.ts");
  const { isLoopback } = await import("../dashboard/access.ts");
  const { token } = settings.dashboard;
  if (token === undefined && (!isLoopback(host) || publicUrl !== undefined)) throw tokenMissing();
  const archive = (): Connections => {
    requireEnabled(settings.elasticsearch);
    return connections!;
  };
  await withRunHomes(context, undefined, async (homes) => {
    const parts = { log, redact: redactor(secretsIn(env)) };
    const server = createDashboard(
      { database, archive, connections, homes, stateFile: settings.stateFile },
      { token, publicUrl, allowControl },
      parts,
    );
    try {
      const url = await listening(server, { host, port });
      output.result({ url, allowControl, needsToken: token !== undefined }, () => {
        const asks = token === undefined ? "" : " It asks for DASHBOARD_TOKEN.";
        return `Dashboard at ${url}.${asks} Stop it with Ctrl-C.`;
      });
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      await server.close();
    }
  });
}

async function listening(
  server: { listen(at: { host: string; port: number }): Promise<string> },
  at: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await server.listen(at);
  } catch (cause) {
    throw new AppError(
      "dashboard_port",
      `The dashboard cannot be served at ${at.host}:${at.port}: ${(cause as Error).message}`,
      {
        hint: "Give another --port or --host. Nothing was begun.",
        cause,
      },
    );
  }
}

function tokenMissing(): UsageError {
  return new UsageError(
    "dashboard_token_missing",
    "Beyond this machine the dashboard asks for a token, and none is set.",
    {
      hint: "Set DASHBOARD_TOKEN in the environment or in .env: openssl rand -hex 32 prints one. The logs of all tenants can be read with it.",
    },
  );
}

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { resplite, type RespliteConfig } from "../../../config/sections/resplite.ts";
import { UsageError } from "../../../engine/errors.ts";
import { command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { value } from "../../options/flags.ts";
import { anyText, oneOf, wholeNumber } from "../../options/values.ts";

export default command({
  flags: {
    db: value("SQLite file, made when it is not there", anyText.optional(), {
      shownDefault: "RESPLITE_DB, else ./data.db",
    }),
    port: value("0: any that is free", wholeNumber(0, 65_535).optional(), { shownDefault: "RESPLITE_PORT, else 6379" }),
    host: value("address to listen on; others than this machine need RESPLITE_PASSWORD", anyText.optional(), {
      shownDefault: "RESPLITE_HOST, else 127.0.0.1",
    }),
    pragmaTemplate: value(
      "what is kept when the machine fails",
      oneOf("default", "performance", "safety", "minimal", "none").optional(),
      { shownDefault: "RESPLITE_PRAGMA_TEMPLATE, else default" },
    ),
    tlsCert: value("PEM file of the server's certificate", anyText.optional(), { shownDefault: "RESPLITE_TLS_CERT" }),
    tlsKey: value("PEM file of its key", anyText.optional(), { shownDefault: "RESPLITE_TLS_KEY" }),
  },
  config: { resplite },
  examples: [["resplite serve --db ./resplite.db", "serve a file that was migrated, on port 6379 of this machine"]],
  logLevel: "info",
  run: async (flags, context) => {
    const settings = { ...context.config.resplite, ...setFlags(flags) };
    const { createRESPlite } = await import("../../../resplite.ts");
    const server = await createRESPlite({ ...settings, tls: await tlsOf(settings) });
    const { port } = server;
    context.output.result({ port, host: settings.host, db: settings.db }, () => {
      return `RESPLite listening on port ${port}, db: ${settings.db}`;
    });
    await untilStopped(context);
    await server.close();
  },
});

function setFlags(flags: object): Partial<RespliteConfig> {
  return Object.fromEntries(Object.entries(flags).filter(([, flag]) => flag !== undefined));
}

async function tlsOf({ tlsCert, tlsKey }: RespliteConfig): Promise<{ cert: string; key: string } | undefined> {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("invalid_options", "--tls-cert and --tls-key belong together.", {
      hint: "Give both, or none to serve without TLS. The server was not started.",
    });
  }
  return tlsCert && tlsKey ? { cert: await pem(tlsCert), key: await pem(tlsKey) } : undefined;
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new UsageError("unreadable_file", `The file ${path} cannot be read.`, {
      hint: "Look at its name and whether this user may read it. The server was not started.",
      cause,
    });
  }
}

async function untilStopped({ signal }: Pick<CommandContext, "signal">): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

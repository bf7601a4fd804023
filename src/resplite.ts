import { openData } from "./resplite/data/data.ts";
import { type RunningServer, serve } from "./resplite/server/serve.ts";
import { pragmaTemplate } from "./stores/sqlite/pragmas.ts";

export { AppError, UsageError } from "./engine/errors.ts";
export type { RunningServer } from "./resplite/server/serve.ts";

export interface RespliteOptions {
  /** Path of the SQLite file, made when it is not there; ":memory:" keeps nothing. */
  readonly db: string;
  /** 0, the default: any that is free. */
  readonly port?: number;
  /** 127.0.0.1 when not given. Others than this machine come in with a password only. */
  readonly host?: string;
  /** default, performance, safety, minimal or none: what is kept when the machine fails. See docs/resplite.md. */
  readonly pragmaTemplate?: string;
  readonly password?: string | undefined;
  /** PEM texts of the server's certificate and its key. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/**
 * A server for Redis clients on an SQLite file, in this process. Close it before the process ends: nothing is lost
 * otherwise, but the write-ahead log stays beside the file.
 *
 * @throws UsageError for what cannot be asked for; AppError when the file or the port cannot be had
 *
 * @example
 * ```ts
 * import { createRESPlite } from "log-archive/resplite";
 *
 * const server = await createRESPlite({ db: ":memory:" });
 * console.log(`redis://127.0.0.1:${server.port}`);
 * await server.close();
 * ```
 */
export async function createRESPlite(options: RespliteOptions): Promise<RunningServer> {
  const { db, port = 0, host = "127.0.0.1", pragmaTemplate: template = "default", password, tls } = options;
  return serve(openData(db, { template: pragmaTemplate(template) }), { port, host, password, tls });
}

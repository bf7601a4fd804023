import { onTestFinished } from "vitest";
import { createRESPlite, type RespliteOptions, type RunningServer } from "../../../src/resplite.ts";
import { temporaryFile } from "./data-file.ts";

/** A server in this process on a file of its own, or on that of `options`; closed when the test is finished. */
export async function serverHere(options: Partial<RespliteOptions> = {}): Promise<RunningServer> {
  const server = await createRESPlite({ db: options.db ?? temporaryFile(), ...options });
  onTestFinished(() => server.close());
  return server;
}

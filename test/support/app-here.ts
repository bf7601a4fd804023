import { runCli } from "../../src/cli/run-cli.ts";
import type { AppEnd } from "./app-process.ts";
import { testLayout } from "./layout.ts";
import type { Stores } from "./compare-stores.ts";
import { fakeHost } from "./fake-host.ts";

/** The program inside the test's own process, where starting one for each of many cases would take most of the time. */
export async function runAppHere(
  stores: Stores,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Omit<AppEnd, "signal">> {
  const host = fakeHost(args, {
    env: {
      DATABASE_URL: stores.databaseUrl,
      ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
      ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
      ELASTICSEARCH_INDEX_LAYOUT: testLayout,
      STATE_FILE: "/nonexistent/state.db", // not the developer's own
      ...env,
    },
  });
  const code = await runCli(host);
  return { code, stdout: host.out(), stderr: host.err() };
}

/**
 * npm run demo [-- --node-executions 8000]: the main job from nothing to proven copies, on servers and with logs of its
 * own. It needs no terminal and asks nothing; when it ends, however it ends, no process and no file of it is left.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "../src/engine/errors.ts";
import { describeStoreError } from "../src/workflow-logs/connections.ts";
import { createOwnStores } from "./demo/own-stores.ts";
import { explain, say } from "./demo/say.ts";
import { stopSignal } from "./demo/stop-signal.ts";
import { tour } from "./demo/tour.ts";
import { withServers } from "./demo/with-servers.ts";

const whatNext = `What to do next
    Point it at your own platform: write an .env file as above (README.md, "Quick start") and run
        npm run -s app -- elasticsearch preflight
        npm run -s app -- elasticsearch migrate --dry-run
    Both only look. "app" above stands for "npm run -s app --" in this folder.
    Every step with what it prints: docs/getting-started.md, then docs/guide.md.`;

const signal = stopSignal();
const started = performance.now();
try {
  await demo(askedNodeExecutions());
  const seconds = Math.round((performance.now() - started) / 1000);
  say(`\n${whatNext}\n\nThe demo took ${seconds} s. Its servers are stopped, its data is removed.`);
} catch (error) {
  if (signal.aborted) process.stderr.write("\nThe demo was stopped. Its servers are stopped, its data is removed.\n");
  else process.stderr.write(`\nThe demo FAILED: ${describe(error)}\n`);
  process.exitCode = signal.aborted ? 130 : 1;
}

async function demo(nodeExecutions: number): Promise<void> {
  say('log-archive demo: each "$ app ..." below is the real command line, run as a process of its own.');
  explain("Starting PostgreSQL and Elasticsearch. The first time Maven downloads Elasticsearch, about 100 MB.");
  await withServers(signal, async (servers) => {
    say("    Both answer.");
    const stores = await createOwnStores(servers, "demo");
    const folder = await mkdtemp(join(tmpdir(), "log-archive-demo-"));
    try {
      await tour(stores, folder, nodeExecutions, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
      await stores.remove();
    }
  });
}

function askedNodeExecutions(): number {
  const { values } = parseArgs({ options: { "node-executions": { type: "string", default: "8000" } } });
  const asked = Number(values["node-executions"]);
  if (Number.isInteger(asked) && asked > 0) return asked;
  throw new AppError("usage", "--node-executions takes a whole number above 0.");
}

function describe(thrown: unknown): string {
  const error = describeStoreError(thrown);
  if (error instanceof AppError) return [error.message, error.hint].filter(Boolean).join("\n");
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

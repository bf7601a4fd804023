/**
 * npm run servers [-- --with postgres,redis] [--elasticsearch 8]: starts these servers, PostgreSQL and Elasticsearch
 * when none is named, prints one line of JSON with their URLs, and keeps them running until SIGINT, SIGTERM or SIGHUP,
 * or until the npm that started it is gone.
 */
import { parseArgs } from "node:util";
import { AppError, UsageError } from "../../src/engine/errors.ts";
import type { ElasticsearchMajor } from "./jdk.ts";
import { isServerName, type ServerName, serverNames, startAll } from "./start-servers.ts";

const parent = process.ppid;
const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => ending.abort());
const watch = setInterval(endWithNpm, 1_000);

try {
  const { names, elasticsearch } = asked();
  const { urls, stop } = await startAll(names, { elasticsearch, signal: ending.signal });
  process.stdout.write(`${JSON.stringify(named(urls))}\n`);
  await aborted(ending.signal);
  await stop();
} catch (error) {
  if (!ending.signal.aborted) fail(error);
} finally {
  clearInterval(watch);
}

function asked(): { names: readonly ServerName[]; elasticsearch: ElasticsearchMajor | undefined } {
  try {
    const { values } = parseArgs({ options: { elasticsearch: { type: "string" }, with: { type: "string" } } });
    return { names: askedNames(values.with), elasticsearch: askedMajor(values.elasticsearch) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError("usage", error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function askedNames(list = "postgres,elasticsearch"): ServerName[] {
  return list.split(",").map((name) => {
    if (isServerName(name)) return name;
    throw new UsageError("usage", `--with takes a list of ${serverNames.join(", ")}; there is no ${name}`);
  });
}

function askedMajor(major: string | undefined): ElasticsearchMajor | undefined {
  if (major === undefined) return undefined;
  if (major === "8") return 8;
  if (major === "9") return 9;
  throw new UsageError("usage", `--elasticsearch takes 8 or 9, not ${major}`);
}

/** {"databaseUrl": ..., "redisUrl": ...} */
function named(urls: Partial<Record<ServerName, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(urls).map(([name, url]) => [`${name === "postgres" ? "database" : name}Url`, url]),
  );
}

/** An npm that is killed hard passes no signal on; its child then gets another parent. */
function endWithNpm(): void {
  if (process.env["npm_lifecycle_event"] !== undefined && process.ppid !== parent) ending.abort();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function fail(error: unknown): void {
  if (error instanceof AppError) process.stderr.write(`${[error.message, error.hint].filter(Boolean).join("\n")}\n`);
  else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

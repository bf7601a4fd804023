import type { z } from "zod";
import { ConfigError } from "../config/config-error.ts";
import { type Environment, readSections } from "../config/read-sections.ts";
import { hooks as hooksSection, type HooksConfig } from "../config/sections/hooks.ts";
import { tracing as tracingSection, type TracingConfig } from "../config/sections/tracing.ts";
import { UsageError } from "../engine/errors.ts";
import { dashed, type Reading } from "./arguments/read-arguments.ts";
import type { Command } from "./command.ts";
import { isInterruption } from "./interruption.ts";
import { createContext } from "./context.ts";
import { loadEnvironment } from "./environment/environment.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { globalFlags, readGlobals } from "./arguments/global-flags.ts";
import type { Host } from "./host.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { MetricsAddress, MetricsServer } from "./metrics/serve-metrics.ts";
import type { Problem } from "./arguments/problems.ts";

/**
 * Runs the command that the arguments name. Wrong arguments and wrong configuration are thrown together as one
 * UsageError before anything runs; whatever the command throws goes on to runCli, which prints it.
 */
export async function runCommand(reading: Reading, host: Host): Promise<ExitCode> {
  const { command, path, given } = reading;
  if (command === undefined) throw usageError(reading.problems, path, undefined);
  const globals = readGlobals(given);
  const options = command.schema.safeParse(own(given, command));
  const problems = [
    ...reading.problems,
    ...schemaProblems([...(globals.error?.issues ?? []), ...(options.error?.issues ?? [])], reading),
  ];
  if (!globals.success) throw usageError(problems, path, undefined);
  const { env, remarks } = loadEnvironment(host, globals.data.envFile);
  const config = readConfig(command, env);
  if (problems.length > 0) throw usageError(problems, path, config instanceof ConfigError ? config : undefined);
  if (config instanceof ConfigError) throw config;
  const counted = globals.data.metrics === undefined ? undefined : await startMetrics(globals.data.metrics);
  const context = await createContext({
    metrics: counted?.metrics,
    command: path,
    globals: globals.data,
    host,
    env,
    config,
    hooks: config.hooks,
    tracing: config.tracing,
    defaultLogLevel: command.logLevel,
  });
  const { log, progress, hooks } = context;
  for (const remark of remarks) log.warn(remark);
  const startedAt = performance.now();
  log.info({ command: path }, "command begins");
  if (counted !== undefined) progress.note(`Metrics at ${counted.server.url}/metrics`);
  try {
    const code = (await command.run(options.data!, context)) ?? exitCodes.done;
    log.info({ command: path, code, durationMs: Math.round(performance.now() - startedAt) }, "command ended");
    return code;
  } catch (error) {
    const isSeen = context.canAsk || error instanceof UsageError || isInterruption(error, host.signal);
    if (!isSeen) hooks.failed(path, error);
    throw error;
  } finally {
    progress.stop();
    await hooks.settled();
    await context.tracing?.end();
    counted?.server.close();
    context.dialogue.close();
  }
}

async function startMetrics(address: MetricsAddress): Promise<{ metrics: Metrics; server: MetricsServer }> {
  const { createMetrics } = await import("./metrics/metrics.ts");
  const { serveMetrics } = await import("./metrics/serve-metrics.ts");
  const metrics = createMetrics(await import("prom-client"));
  return { metrics, server: await serveMetrics(metrics, address) };
}

function own(given: Reading["given"], { flags }: Command): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name in flags));
}

/** Flags that yargs spoke of already are left out. */
function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  { given, problems, command, positional }: Reading,
): Problem[] {
  return issues.flatMap(({ path, code, message }) => {
    const name = String(path[0] ?? "");
    if (problems.some(({ flag }) => flag !== undefined && flag === dashed(name))) return [];
    const isMissing = name in command!.flags && given[name] === undefined;
    return [
      {
        code: isMissing
          ? "missing_mandatory_option_value"
          : name in globalFlags
            ? "invalid_argument"
            : "invalid_options",
        text: `${label(name, command!, positional)}: ${isMissing && code === "invalid_type" ? "is missing" : message}`,
      },
    ];
  });
}

function label(name: string, { flags }: Command, positional: readonly string[]): string {
  if (positional.includes(name)) return `<${dashed(name)}>`;
  if (name === "") return "options";
  return name in flags || name in globalFlags ? `--${dashed(name)}` : name;
}

/** What every command reads, beside its own sections. */
interface Always {
  readonly hooks: HooksConfig;
  readonly tracing: TracingConfig;
}

function readConfig({ sections }: Command, env: Environment): Always | ConfigError {
  try {
    return readSections({ ...sections, hooks: hooksSection, tracing: tracingSection }, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** All problems at once; their code when they have one in common. */
function usageError(problems: readonly Problem[], path: string, configError: ConfigError | undefined): UsageError {
  const [first] = problems;
  const help =
    path === ""
      ? "See app --help for the commands and app GROUP COMMAND --help for their flags."
      : `See app ${path} --help.`;
  if (first !== undefined && problems.length === 1 && configError === undefined && first.code !== "invalid_options") {
    const hint = first.suggestion === undefined ? help : `Did you mean ${first.suggestion}?`;
    return new UsageError(first.code, first.text, { hint });
  }
  const lines = problems.map(({ text, suggestion }) =>
    suggestion === undefined ? `✖ ${text}` : `✖ ${text}. Did you mean ${suggestion}?`,
  );
  const isOneKind = configError === undefined && problems.every(({ code }) => code === first?.code);
  return new UsageError(
    isOneKind && first !== undefined ? first.code : "invalid_options",
    ["The command line is wrong:", ...lines, ...(configError ? [configError.message] : [])].join("\n"),
    { hint: [help, ...(configError?.hint ? [configError.hint] : [])].join(" ") },
  );
}

import type { Logger } from "pino";
import type { Environment } from "../config/read-sections.ts";
import { secretsIn } from "../config/secrets.ts";
import type { Log } from "../engine/log.ts";
import type { ProgressSink } from "../runs/progress.ts";
import { confirm, confirmByTyping } from "./confirm.ts";
import { createDialogue, type Dialogue } from "./dialogue.ts";
import type { GlobalOptions } from "./arguments/global-flags.ts";
import type { HooksConfig } from "../config/sections/hooks.ts";
import { createHooks, type Hooks } from "./hooks/hooks.ts";
import type { Host } from "./host.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { allowsColour, painter } from "./output/colour.ts";
import { createLog } from "./output/log.ts";
import type { LogLevel } from "./output/log-levels.ts";
import { loggedProgress } from "./output/progress/logged-progress.ts";
import { createOutput, type Output } from "./output/output.ts";
import { createProgress } from "./output/progress/progress.ts";
import { redactor } from "./output/redact.ts";
import { plainScreen, terminalScreen } from "./output/progress/screen.ts";
import type { TracingConfig } from "../config/sections/tracing.ts";
import type { Tracing } from "./tracing/tracing.ts";

/** Everything a command needs beside its options. */
export interface CommandContext<Config = unknown> {
  /** Path of the command without the program's name, such as `elasticsearch migrate`. */
  readonly command: string;
  /** When the command began. */
  readonly startedAt: Date;
  /** The process's environment over that of the .env file. */
  readonly env: Environment;
  /** The sections that the command named. */
  readonly config: Config;
  readonly output: Output;
  readonly log: Logger;
  /** Aborts when the operator stops the program; finish what is in flight, then return. */
  readonly signal: AbortSignal;
  /** The progress of this command; stopped when the command ends. */
  readonly progress: ProgressSink;
  /** What is counted with --metrics. */
  readonly metrics: Metrics | undefined;
  /** What is made spans of, where the configuration says where they go. */
  readonly tracing: Tracing | undefined;
  /** Who is told of runs; `progress` tells already. */
  readonly hooks: Hooks;
  /** Returns when the operator agreed; throws otherwise. */
  confirm(question: string): Promise<void>;
  /** Returns when the operator typed the word, or gave --yes; throws otherwise. */
  confirmByTyping(question: string, word: string): Promise<void>;
  /** Lines and questions of a command that talks with the operator; closed when the command ends. */
  readonly dialogue: Dialogue;
  /** For commands that read a document from it. */
  readonly stdin: NodeJS.ReadableStream;
  /** What relative paths are relative to. */
  readonly workingDirectory: string;
  /** Whether --yes was given, so that nobody is asked. */
  readonly yes: boolean;
  /** Whether there is a terminal on which the operator can be asked. */
  readonly canAsk: boolean;
}

export interface ContextParts<Config> {
  readonly command: string;
  readonly globals: GlobalOptions;
  readonly host: Host;
  readonly env: Environment;
  readonly config: Config;
  /** For a command without --log-level and --quiet. */
  readonly defaultLogLevel: LogLevel;
  readonly metrics?: Metrics | undefined;
  readonly hooks: HooksConfig;
  readonly tracing: TracingConfig;
}

const stopping = "\nFinishing what is in flight, then stopping. Press Ctrl-C again to stop at once.\n";

export async function createContext<Config>(parts: ContextParts<Config>): Promise<CommandContext<Config>> {
  const { command, globals, host, env, config, defaultLogLevel, metrics, hooks: told } = parts;
  const [json, quiet, yes] = [globals.json === true, globals.quiet === true, globals.yes === true];
  const { logLevel, noProgress = false, wide = false } = globals;
  const { stdin, stdout, stderr } = host;
  const isTerminal = stderr.isTTY === true;
  const hasLiveLines = isTerminal && !json && !quiet && !noProgress;
  const screen = hasLiveLines ? terminalScreen(stderr) : plainScreen(stderr);
  const redact = redactor(secretsIn(env));
  const log = createLog({
    level: logLevel ?? (quiet ? "warn" : defaultLogLevel),
    format: globals.logFormat ?? (isTerminal ? "pretty" : "json"),
    colour: allowsColour(stderr, env),
    redact,
    write: (line) => screen.print(line),
  });
  host.signal.addEventListener("abort", () => screen.print(stopping), { once: true });
  const width = hasLiveLines ? () => stderr.columns ?? 80 : undefined;
  const progress = loggedProgress(createProgress({ quiet, progress: !noProgress, screen, width }), log);
  const hooks = createHooks(told, { env, log, redact });
  const tracing = await startTracing(parts.tracing, log);
  const traced = tracing?.progress(progress) ?? progress;
  return {
    command,
    startedAt: new Date(),
    env,
    config,
    output: createOutput({ command, json, quiet, wide, stdout, stderr, paint: painter(stdout, env) }),
    log,
    signal: host.signal,
    progress: hooks.watch(metrics?.progress(traced, command) ?? traced),
    hooks,
    metrics,
    tracing,
    confirm: (question) => confirm(question, yes, host),
    confirmByTyping: (question, word) => confirmByTyping(question, word, yes, host),
    dialogue: createDialogue(host, json || quiet),
    stdin,
    workingDirectory: host.workingDirectory ?? "/", // a folder that is gone has no files
    yes,
    canAsk: stdin.isTTY === true,
  };
}

async function startTracing(config: TracingConfig, log: Log): Promise<Tracing | undefined> {
  const { url, protocol } = config;
  if (url === undefined) return undefined;
  if (protocol === "grpc") {
    log.warn({}, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not spoken here: no spans are sent; http/protobuf is");
    return undefined;
  }
  const tracing = await import("./tracing/tracing.ts");
  return tracing.startTracing({ ...config, url }, log);
}

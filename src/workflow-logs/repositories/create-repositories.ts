import { upgradeState } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import type { AppLogRepository } from "./app-logs/app-log-repository.ts";
import { type BuiltIn, builtInRepositories } from "./built-in-repositories.ts";
import { DualWrite, type DualWriteStats } from "./dual-write/dual-write.ts";
import type { GivenOptions } from "./dual-write/options.ts";
import type { ApiWorkflowNodeExecutionRepository } from "./node-executions/api-workflow-node-execution-repository.ts";
import type { WorkflowNodeExecutionRepository } from "./node-executions/workflow-node-execution-repository.ts";
import { refuseHiddenLogs } from "./hidden-logs.ts";
import { requiredMethods } from "./required-methods.ts";
import { type RepositoryClass, type RepositoryModule, userClasses } from "./user-classes.ts";
import type { ApiWorkflowRunRepository } from "./workflow-runs/api-workflow-run-repository.ts";
import type { WorkflowExecutionRepository } from "./workflow-runs/workflow-execution-repository.ts";

// src/workflow-logs/repositories serves logs to applications: interfaces, and three implementations of each over
// PostgreSQL, Elasticsearch and both (dual-write/). It never plans or copies a partition.

/** A built-in implementation, or a class of the user's own, which is given the connections. */
export type RepositoryChoice =
  | { readonly kind: "postgres" | "elasticsearch" | "dual-write" }
  | ({ readonly kind: "module" } & RepositoryModule);

export interface RepositoryChoices {
  readonly workflowExecutions: RepositoryChoice;
  readonly workflowNodeExecutions: RepositoryChoice;
  readonly apiWorkflowNodeExecutions: RepositoryChoice;
  /** App logs follow it; beside a class of the user's own they are PostgreSQL's. */
  readonly apiWorkflowRuns: RepositoryChoice;
}

export interface Repositories {
  readonly workflowExecutions: WorkflowExecutionRepository;
  readonly workflowNodeExecutions: WorkflowNodeExecutionRepository;
  readonly apiWorkflowNodeExecutions: ApiWorkflowNodeExecutionRepository;
  readonly apiWorkflowRuns: ApiWorkflowRunRepository;
  readonly appLogs: AppLogRepository;
  /** What became of second writes and shadow reads; undefined where nothing is `dual-write`. */
  stats(): DualWriteStats | undefined;
  /**
   * Call before the process ends and before the connections are closed: waits for second writes and notes the rest as
   * dirty rows.
   */
  close(): Promise<void>;
}

/**
 * The repositories as the configuration names them. For `dual-write` the state schema is brought up to date first.
 * Throws UsageError that lists every class that cannot be used, or says which purged logs would be hidden; nothing was
 * made then.
 *
 * @example
 * ```ts
 * import { connectionOptions, createRepositories, parseConfig, withConnections } from "log-archive";
 *
 * const config = parseConfig(process.env);
 * await withConnections(connectionOptions(config), async (connections) => {
 *   const repositories = await createRepositories(connections, config.repositories);
 *   const run = await repositories.apiWorkflowRuns.getWorkflowRunByIdWithoutTenant(process.env["RUN_ID"]!);
 *   console.log(run?.status);
 *   await repositories.close();
 * });
 * ```
 */
export async function createRepositories(
  connections: Connections,
  choices: RepositoryChoices,
  options: GivenOptions = {},
): Promise<Repositories> {
  refuseHiddenLogs(choices);
  const classes = await userClasses(modulesOf(choices), requiredMethods);
  const isDual = names.some((name) => choices[name].kind === "dual-write");
  if (isDual) await upgradeState(connections.state);
  const dualWrite = isDual ? new DualWrite(connections, options) : undefined;
  dualWrite?.start();

  function make<T>(name: keyof RepositoryChoices, implementations: BuiltIn<T>): T {
    const { kind } = choices[name];
    return kind === "module"
      ? new (classes.get(name) as RepositoryClass<T>)(connections)
      : makeBuiltIn(implementations, kind);
  }

  function makeBuiltIn<T>(implementations: BuiltIn<T>, kind: keyof BuiltIn<T>): T {
    return kind === "dual-write" ? new implementations[kind](dualWrite!) : new implementations[kind](connections);
  }

  const builtIn = builtInRepositories;
  const { kind } = choices.apiWorkflowRuns;
  return {
    workflowExecutions: make("workflowExecutions", builtIn.workflowExecutions),
    workflowNodeExecutions: make("workflowNodeExecutions", builtIn.workflowNodeExecutions),
    apiWorkflowNodeExecutions: make("apiWorkflowNodeExecutions", builtIn.apiWorkflowNodeExecutions),
    apiWorkflowRuns: make("apiWorkflowRuns", builtIn.apiWorkflowRuns),
    appLogs: makeBuiltIn(builtIn.appLogs, kind === "module" ? "postgres" : kind),
    stats: () => dualWrite?.stats(),
    close: async () => dualWrite?.close(),
  };
}

const names = Object.keys(requiredMethods) as (keyof RepositoryChoices)[];

function modulesOf(choices: RepositoryChoices): [keyof RepositoryChoices, RepositoryModule][] {
  return names.flatMap((name): [keyof RepositoryChoices, RepositoryModule][] => {
    const choice = choices[name];
    return choice.kind === "module" ? [[name, choice]] : [];
  });
}

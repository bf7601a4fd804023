import { z } from "zod";
import { boolean, value } from "../values.ts";

/** Which implementation of a repository an application is to use. */
export type RepositoryChoice =
  | { readonly kind: "postgres" | "elasticsearch" | "dual-write" }
  /** A class of the user's own. */
  | { readonly kind: "module"; readonly file: string; readonly className: string };

export interface RepositoriesConfig {
  readonly workflowExecutions: RepositoryChoice;
  readonly workflowNodeExecutions: RepositoryChoice;
  readonly apiWorkflowNodeExecutions: RepositoryChoice;
  /** App logs follow it. */
  readonly apiWorkflowRuns: RepositoryChoice;
}

const builtIn = ["postgres", "elasticsearch", "dual-write"] as const;

/**
 * Dify's class paths stand for what they write to: those of the migration guide for Elasticsearch, Dify's own (its
 * SQLAlchemy classes, and the Celery ones that write the same tables later) for PostgreSQL.
 */
function repository(elasticsearchPath: string | undefined, ...postgresPaths: string[]) {
  const named = elasticsearchPath === undefined ? "" : ` or ${elasticsearchPath}`;
  return value(`${builtIn.join(", ")}, a module such as ./my-repository.js#MyRepository${named}`, (text) => {
    const kind = builtIn.find((word) => word === text.toLowerCase());
    if (kind !== undefined) return { kind };
    if (text === elasticsearchPath) return { kind: "elasticsearch" as const };
    if (postgresPaths.includes(text)) return { kind: "postgres" as const };
    return parseModule(text);
  });
}

function parseModule(text: string): RepositoryChoice | undefined {
  const [, file, className] = /^((?:\.{1,2})?\/[^#]*[^#/])#([A-Za-z_$][\w$]*)$/.exec(text) ?? [];
  return file === undefined || className === undefined ? undefined : { kind: "module", file, className };
}

const inPostgres: RepositoryChoice = { kind: "postgres" };

const repositoryVariables = {
  CORE_WORKFLOW_EXECUTION_REPOSITORY: repository(
    "core.repositories.elasticsearch_workflow_execution_repository.ElasticsearchWorkflowExecutionRepository",
    "core.repositories.sqlalchemy_workflow_execution_repository.SQLAlchemyWorkflowExecutionRepository",
    "core.repositories.celery_workflow_execution_repository.CeleryWorkflowExecutionRepository",
  )
    .default(inPostgres)
    .describe("where the platform's core writes workflow runs"),
  CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY: repository(
    "core.repositories.elasticsearch_workflow_node_execution_repository.ElasticsearchWorkflowNodeExecutionRepository",
    "core.repositories.sqlalchemy_workflow_node_execution_repository.SQLAlchemyWorkflowNodeExecutionRepository",
    "core.repositories.celery_workflow_node_execution_repository.CeleryWorkflowNodeExecutionRepository",
  )
    .default(inPostgres)
    .describe("where the platform's core writes node executions"),
  API_WORKFLOW_NODE_EXECUTION_REPOSITORY: repository(
    undefined, // the guide names none
    "repositories.sqlalchemy_api_workflow_node_execution_repository.DifyAPISQLAlchemyWorkflowNodeExecutionRepository",
  )
    .optional()
    .describe("where node executions are read; follows API_WORKFLOW_RUN_REPOSITORY when not given"),
  API_WORKFLOW_RUN_REPOSITORY: repository(
    "repositories.elasticsearch_api_workflow_run_repository.ElasticsearchAPIWorkflowRunRepository",
    "repositories.sqlalchemy_api_workflow_run_repository.DifyAPISQLAlchemyWorkflowRunRepository",
  )
    .optional()
    .describe(
      "where workflow runs and app logs are read; follows API_WORKFLOW_NODE_EXECUTION_REPOSITORY when not given",
    ),
};
type RepositoryVariable = keyof typeof repositoryVariables;

const variables = z.object({
  ...repositoryVariables,
  ELASTICSEARCH_ENABLED: boolean.optional(),
  ELASTICSEARCH_HOSTS: z.string().optional(), // only whether there are any
});
type Given = z.output<typeof variables>;

/** PostgreSQL for all of them while Elasticsearch is switched off. */
export const repositories = (Object.keys(repositoryVariables) as RepositoryVariable[])
  .reduce(
    (schema, variable) =>
      schema.refine((given) => !lacksHosts(given, variable), {
        when: () => true,
        path: [variable],
        message: "needs ELASTICSEARCH_HOSTS",
      }),
    variables,
  )
  .transform((given): RepositoriesConfig => {
    const choice = (variable: RepositoryVariable): RepositoryChoice =>
      given.ELASTICSEARCH_ENABLED === false ? inPostgres : (given[variable] ?? inPostgres);
    // What belongs together is read from one place: one that is unset follows the other, but for a class of the user's
    // own.
    const orAs = (variable: RepositoryVariable, sibling: RepositoryVariable): RepositoryChoice => {
      const other = choice(sibling);
      return given[variable] === undefined && other.kind !== "module" ? other : choice(variable);
    };
    return {
      workflowExecutions: choice("CORE_WORKFLOW_EXECUTION_REPOSITORY"),
      workflowNodeExecutions: choice("CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY"),
      apiWorkflowNodeExecutions: orAs("API_WORKFLOW_NODE_EXECUTION_REPOSITORY", "API_WORKFLOW_RUN_REPOSITORY"),
      apiWorkflowRuns: orAs("API_WORKFLOW_RUN_REPOSITORY", "API_WORKFLOW_NODE_EXECUTION_REPOSITORY"),
    };
  });

/** Elasticsearch is asked for by name and neither given nor switched off. */
function lacksHosts(given: Given, variable: RepositoryVariable): boolean {
  const kind = (given[variable] as Partial<RepositoryChoice> | undefined)?.kind; // nothing where it is wrong by itself
  const needsHosts = kind === "elasticsearch" || kind === "dual-write";
  return needsHosts && given.ELASTICSEARCH_HOSTS === undefined && given.ELASTICSEARCH_ENABLED === undefined;
}

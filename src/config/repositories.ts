import { value } from "./values.ts";

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
 * Dify's class paths stand for what they write to: those of the migration guide for Elasticsearch, Dify's own (its SQLAlchemy classes, and the Celery
 * ones that write the same tables later) for PostgreSQL.
 */
export function repository(elasticsearchPath: string | undefined, ...postgresPaths: string[]) {
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

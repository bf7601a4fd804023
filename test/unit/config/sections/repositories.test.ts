import { expect, test } from "vitest";
import { parseConfig } from "../../../../src/config/config.ts";
import type { Environment } from "../../../../src/config/read-sections.ts";

const hosts = { ELASTICSEARCH_HOSTS: "http://es:9200" };
const guide = {
  CORE_WORKFLOW_EXECUTION_REPOSITORY:
    "core.repositories.elasticsearch_workflow_execution_repository.ElasticsearchWorkflowExecutionRepository",
  CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY:
    "core.repositories.elasticsearch_workflow_node_execution_repository.ElasticsearchWorkflowNodeExecutionRepository",
  API_WORKFLOW_RUN_REPOSITORY:
    "repositories.elasticsearch_api_workflow_run_repository.ElasticsearchAPIWorkflowRunRepository",
};
const dify = {
  CORE_WORKFLOW_EXECUTION_REPOSITORY:
    "core.repositories.sqlalchemy_workflow_execution_repository.SQLAlchemyWorkflowExecutionRepository",
  CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY:
    "core.repositories.celery_workflow_node_execution_repository.CeleryWorkflowNodeExecutionRepository",
  API_WORKFLOW_NODE_EXECUTION_REPOSITORY:
    "repositories.sqlalchemy_api_workflow_node_execution_repository.DifyAPISQLAlchemyWorkflowNodeExecutionRepository",
  API_WORKFLOW_RUN_REPOSITORY:
    "repositories.sqlalchemy_api_workflow_run_repository.DifyAPISQLAlchemyWorkflowRunRepository",
};
const inPostgres = { kind: "postgres" };
const inElasticsearch = { kind: "elasticsearch" };
const allInPostgres = {
  workflowExecutions: inPostgres,
  workflowNodeExecutions: inPostgres,
  apiWorkflowNodeExecutions: inPostgres,
  apiWorkflowRuns: inPostgres,
};

function repositories(env: Environment): object {
  return parseConfig(env).repositories;
}

function problemsOf(env: Environment): string {
  try {
    parseConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the configuration was accepted");
}

test("repositories are PostgreSQL's where nothing is named, and where Dify's own classes are", () => {
  expect(repositories({})).toEqual(allInPostgres);
  expect(repositories(dify)).toEqual(allInPostgres);
});

test("the guide's class paths name Elasticsearch", () => {
  expect(repositories({ ...hosts, ...guide })).toEqual({
    ...allInPostgres,
    workflowExecutions: inElasticsearch,
    workflowNodeExecutions: inElasticsearch,
    apiWorkflowNodeExecutions: inElasticsearch, // the guide names none: it follows the runs
    apiWorkflowRuns: inElasticsearch,
  });
});

test("of the two that the API reads by, one that is unset follows the other, but for a class of the user's own", () => {
  const runs = "API_WORKFLOW_RUN_REPOSITORY";
  const nodes = "API_WORKFLOW_NODE_EXECUTION_REPOSITORY";
  const both = (kind: string) => ({ apiWorkflowRuns: { kind }, apiWorkflowNodeExecutions: { kind } });
  for (const kind of ["elasticsearch", "dual-write"])
    for (const name of [runs, nodes]) expect(repositories({ ...hosts, [name]: kind })).toMatchObject(both(kind));
  expect(repositories({ ...hosts, [runs]: "elasticsearch", [nodes]: "postgres" })).toMatchObject({
    apiWorkflowNodeExecutions: inPostgres,
  });
  expect(repositories({ [runs]: "./mine.js#Mine" })).toMatchObject({ apiWorkflowNodeExecutions: inPostgres });
});

test.each([
  ["postgres", inPostgres],
  ["Elasticsearch", inElasticsearch],
  [" dual-write ", { kind: "dual-write" }],
  ["./mine.js#Mine", { kind: "module", file: "./mine.js", className: "Mine" }],
  ["../a b/mine.mjs#_M1", { kind: "module", file: "../a b/mine.mjs", className: "_M1" }],
  ["/opt/mine.js#Mine", { kind: "module", file: "/opt/mine.js", className: "Mine" }],
])("%j is read as %j", (text, expected) => {
  expect(repositories({ ...hosts, API_WORKFLOW_RUN_REPOSITORY: text })).toMatchObject({ apiWorkflowRuns: expected });
});

test.each([
  "mysql",
  "dual",
  "mine.js#Mine",
  "./mine.js",
  "./#Mine",
  "./dir/#Mine",
  "./mine.js#",
  "./mine.js#1",
  "./a#b#C",
  "core.repositories.logstore_workflow_execution_repository.LogstoreWorkflowExecutionRepository",
  guide.CORE_WORKFLOW_EXECUTION_REPOSITORY,
  guide.API_WORKFLOW_RUN_REPOSITORY.toLowerCase(),
])("%j is refused for the runs of the API", (text) => {
  expect(problemsOf({ ...hosts, API_WORKFLOW_RUN_REPOSITORY: text })).toContain("API_WORKFLOW_RUN_REPOSITORY");
});

test("all wrong values are listed at once, with the valid ones", () => {
  const wrong = Object.fromEntries(Object.keys(dify).map((name) => [name, "nowhere"]));
  const message = problemsOf(wrong);
  for (const name of Object.keys(dify)) expect(message).toContain(`✖ ${name} must be`);
  expect(message).toContain(
    "must be postgres, elasticsearch, dual-write, a module such as ./my-repository.js#MyRepository",
  );
  for (const path of Object.values(guide)) expect(message).toContain(path);
});

test("Elasticsearch by name needs its address", () => {
  for (const text of ["elasticsearch", "dual-write", guide.API_WORKFLOW_RUN_REPOSITORY])
    expect(problemsOf({ API_WORKFLOW_RUN_REPOSITORY: text })).toContain("needs ELASTICSEARCH_HOSTS");
});

test("ELASTICSEARCH_ENABLED=false is PostgreSQL, whatever is named", () => {
  const mine = { API_WORKFLOW_NODE_EXECUTION_REPOSITORY: "./mine.js#Mine" };
  for (const given of [hosts, {}])
    expect(repositories({ ...given, ...guide, ...mine, ELASTICSEARCH_ENABLED: "false" })).toEqual(allInPostgres);
});

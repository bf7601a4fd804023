import { describe, expectTypeOf, it } from "vitest";
import {
  type ApiWorkflowNodeExecutionRepository,
  type ApiWorkflowRunRepository,
  type AppLogPage,
  type AppLogRepository,
  type Config,
  connectionOptions,
  type ConnectionOptions,
  type Connections,
  createRepositories,
  type DualWriteStats,
  ElasticsearchApiWorkflowRunRepository,
  type GivenOptions,
  type Logger,
  type NodeExecution,
  parseConfig,
  PostgresApiWorkflowRunRepository,
  type Repositories,
  type RepositoryChoices,
  type RunPage,
  withConnections,
  type WorkflowExecutionRepository,
  type WorkflowNodeExecutionRepository,
  type WorkflowRun,
} from "../../src/index.ts";

describe("the types of the public API", () => {
  it("lead from the environment to the repositories", () => {
    expectTypeOf(parseConfig).parameter(0).toEqualTypeOf<Readonly<Record<string, string | undefined>>>();
    expectTypeOf(parseConfig).returns.toEqualTypeOf<Config>();
    expectTypeOf(connectionOptions).returns.toExtend<ConnectionOptions>();
    expectTypeOf<Config["repositories"]>().toExtend<RepositoryChoices>();
    expectTypeOf(withConnections<number>).returns.resolves.toBeNumber();
    expectTypeOf(createRepositories).parameters.toEqualTypeOf<
      [connections: Connections, choices: RepositoryChoices, options?: GivenOptions | undefined]
    >();
    expectTypeOf(createRepositories).returns.resolves.toEqualTypeOf<Repositories>();
  });

  it("say what each repository is", () => {
    expectTypeOf<Repositories["workflowExecutions"]>().toEqualTypeOf<WorkflowExecutionRepository>();
    expectTypeOf<Repositories["workflowNodeExecutions"]>().toEqualTypeOf<WorkflowNodeExecutionRepository>();
    expectTypeOf<Repositories["apiWorkflowNodeExecutions"]>().toEqualTypeOf<ApiWorkflowNodeExecutionRepository>();
    expectTypeOf<Repositories["apiWorkflowRuns"]>().toEqualTypeOf<ApiWorkflowRunRepository>();
    expectTypeOf<Repositories["appLogs"]>().toEqualTypeOf<AppLogRepository>();
    expectTypeOf<Repositories["stats"]>().returns.toEqualTypeOf<DualWriteStats | undefined>();
    expectTypeOf(PostgresApiWorkflowRunRepository).instance.toExtend<ApiWorkflowRunRepository>();
    expectTypeOf(ElasticsearchApiWorkflowRunRepository).instance.toExtend<ApiWorkflowRunRepository>();
  });

  it("keep what would lose digits out of numbers", () => {
    expectTypeOf<WorkflowRun["totalTokens"]>().toEqualTypeOf<bigint>();
    expectTypeOf<WorkflowRun["createdAt"]>().toEqualTypeOf<string>();
    expectTypeOf<NodeExecution["outputs"]>().toEqualTypeOf<string | null>();
    expectTypeOf<RunPage["data"]>().toEqualTypeOf<readonly WorkflowRun[]>();
    expectTypeOf<AppLogPage["total"]>().toEqualTypeOf<number>();
  });

  it("take pino's logger, and a part of the options", () => {
    expectTypeOf<{ warn: (fields: object, message?: string) => void }>().toExtend<Logger>();
    expectTypeOf<{ readonly shadow: { readonly share: number } }>().toExtend<GivenOptions>();
  });
});

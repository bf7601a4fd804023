import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  connectionOptions,
  type Connections,
  createRepositories,
  ElasticsearchApiWorkflowNodeExecutionRepository,
  ElasticsearchApiWorkflowRunRepository,
  ElasticsearchAppLogRepository,
  parseConfig,
  PostgresAppLogRepository,
  PostgresWorkflowExecutionRepository,
  PostgresWorkflowNodeExecutionRepository,
  type RepositoryChoices,
  withConnections,
} from "../../../../src/index.ts";

let folder: string;
const inPostgres = { kind: "postgres" } as const;
const allInPostgres: RepositoryChoices = {
  workflowExecutions: inPostgres,
  workflowNodeExecutions: inPostgres,
  apiWorkflowNodeExecutions: inPostgres,
  apiWorkflowRuns: inPostgres,
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "repositories-"));
  await writeFile(
    path.join(folder, "mine.mjs"),
    `export class Mine { constructor(connections) { this.connections = connections; } async save() {} }
     export class Half { async save() {} async getByWorkflowRun() {} }
     export const none = 1;`,
  );
  await writeFile(path.join(folder, "broken.mjs"), "throw new Error('it does not start');");
});
afterAll(() => rm(folder, { recursive: true }));

/** Of stores that nothing is sent to. */
function withUnused<T>(work: (connections: Connections) => Promise<T>): Promise<T> {
  return withConnections(connectionOptions(parseConfig({})), work);
}

function moduleOf(file: string, className: string) {
  return { kind: "module", file: path.join(folder, file), className } as const;
}

describe("createRepositories", () => {
  it("makes what is named, for each repository by itself; app logs follow the runs of the API", async () => {
    await withUnused(async (connections) => {
      const inElasticsearch = { kind: "elasticsearch" } as const;
      const choices = {
        ...allInPostgres,
        apiWorkflowNodeExecutions: inElasticsearch,
        apiWorkflowRuns: inElasticsearch,
      };
      const made = await createRepositories(connections, choices);
      expect(made.workflowExecutions).toBeInstanceOf(PostgresWorkflowExecutionRepository);
      expect(made.workflowNodeExecutions).toBeInstanceOf(PostgresWorkflowNodeExecutionRepository);
      expect(made.apiWorkflowNodeExecutions).toBeInstanceOf(ElasticsearchApiWorkflowNodeExecutionRepository);
      expect(made.apiWorkflowRuns).toBeInstanceOf(ElasticsearchApiWorkflowRunRepository);
      expect(made.appLogs).toBeInstanceOf(ElasticsearchAppLogRepository);
      expect(made.stats()).toBeUndefined();
      await made.close();
    });
  });

  it.each([
    ["elasticsearch", "postgres"],
    ["dual-write", "postgres"],
    ["postgres", "elasticsearch"],
    ["postgres", "dual-write"],
  ] as const)("refuses runs from %s with node executions from %s: purged logs would be hidden", async (runs, nodes) => {
    await withUnused(async (connections) => {
      const choices = { ...allInPostgres, apiWorkflowRuns: { kind: runs }, apiWorkflowNodeExecutions: { kind: nodes } };
      await expect(createRepositories(connections, choices)).rejects.toMatchObject({ code: "repositories_hide_logs" });
    });
  });

  it("makes a class of the user's own with the connections", async () => {
    await withUnused(async (connections) => {
      const choices = { ...allInPostgres, workflowExecutions: moduleOf("mine.mjs", "Mine") };
      const made = await createRepositories(connections, choices);
      expect(made.workflowExecutions).toMatchObject({ connections });
      expect(made.appLogs).toBeInstanceOf(PostgresAppLogRepository);
    });
  });

  it("looks for a relative file from the working directory", async () => {
    const file = `./${path.relative(process.cwd(), path.join(folder, "mine.mjs"))}`;
    const mine = { kind: "module", file, className: "Mine" } as const;
    await withUnused((connections) => createRepositories(connections, { ...allInPostgres, workflowExecutions: mine }));
  });

  it("lists all classes that cannot be used", async () => {
    const choices: RepositoryChoices = {
      workflowExecutions: moduleOf("none.mjs", "Mine"),
      workflowNodeExecutions: moduleOf("mine.mjs", "Half"),
      apiWorkflowNodeExecutions: moduleOf("broken.mjs", "Mine"),
      apiWorkflowRuns: moduleOf("mine.mjs", "none"),
    };
    const made = withUnused((connections) => createRepositories(connections, choices));
    const error = await made.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ code: "invalid_repository" });
    expect(error?.message).toMatch(/none\.mjs#Mine: /);
    expect(error?.message).toContain("mine.mjs#Half has no method saveExecutionData");
    expect(error?.message).toContain("broken.mjs#Mine: it does not start");
    expect(error?.message).toContain("mine.mjs#none: the module exports no such class");
  });
});

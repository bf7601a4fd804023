import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/app-log-repository.ts";
import { migrateOnce } from "../../support/test-archive.ts";
import { createRunsArchive, type Store, type RunsArchive, testId } from "../workflow-runs/runs-archive.ts";
import { insertEndUser, insertLogs, logRepositories, otherTenant, tenantId, wordsApp } from "./logs-archive.ts";

/**
 * The inputs of each run, as the platform's writers spell JSON: Python escapes what is not ASCII, Celery's tasks do
 * not.
 */
const inputs: Readonly<Record<string, string>> = {
  order: '{"question": "Where is order 10045, please?", "lang": "en"}',
  invoice: '{"question": "The invoice INV-2024-0815 of 1,250.00 EUR\\nis PAID"}',
  chinese: '{"question": "请问订单状态查询怎么用"}',
  escaped: '{"question": "\\u8bf7\\u95ee\\u8ba2\\u5355\\u72b6\\u6001"}',
  mixed: '{"question": "用GPT-4写一封email给张三"}',
  japanese: '{"question": "カタカナと東京タワー"}',
  korean: '{"question": "주문 상태 확인"}',
  accents: '{"question": "Où est la Straße? Ärger"}',
  markup: '{"question": "100% of a_b \\"quoted\\" C:\\\\temp"}',
};

let archive: RunsArchive;
let repositories: Record<Store, AppLogRepository>;

beforeAll(async () => {
  archive = await createRunsArchive({ tenants: 1, months: 1 });
  const endUser = await insertEndUser(archive, "web-user-7");
  for (const [name, text] of Object.entries(inputs)) {
    const run = `'${testId(name)}'`;
    const json = `'${text.replaceAll("'", "''")}'`;
    await insertLogs(archive, 1, {
      app: `'${wordsApp}'`,
      run,
      inputs: json,
      outputs: `'{"text": "answer of ${name}"}'`,
    });
  }
  await insertLogs(archive, 1, {
    app: `'${wordsApp}'`,
    run: `'${testId("by user")}'`,
    role: "'end_user'",
    by: `'${endUser}'`,
  });
  const theirs = { tenant: `'${otherTenant}'`, app: `'${wordsApp}'`, inputs: `'{"question": "order 10045"}'` };
  await insertLogs(archive, 1, { ...theirs, run: `'${testId("their run")}'` });
  await migrateOnce(archive);
  repositories = logRepositories(archive.connections);
});
afterAll(() => archive.drop());

/** Which of the runs a keyword finds. */
async function found(implementation: Store, keyword: string): Promise<string[]> {
  const names = new Map([...Object.keys(inputs), "by user"].map((name) => [testId(name), name]));
  const query = { tenantId, appId: wordsApp, keyword };
  const { data, total } = await repositories[implementation].getPaginatedAppLogs({ ...query, limit: 100 });
  expect(await repositories[implementation].countAppLogs(query)).toBe(total);
  return data.map(({ workflowRunId }) => names.get(workflowRunId) ?? workflowRunId).toSorted();
}

const all = [...Object.keys(inputs), "by user"].toSorted();

describe("what both find by a keyword", () => {
  it.each([
    ["order", ["order"]],
    ["ORDER", ["order"]],
    ["10045", ["order"]],
    ["INV-2024-0815", ["invoice"]],
    ["1,250.00", ["invoice"]],
    ["paid", ["invoice"]],
    ["订单状态", ["chinese", "escaped"]],
    ["查询", ["chinese"]],
    ["GPT-4", ["mixed"]],
    ["email", ["mixed"]],
    ["张三", ["mixed"]],
    ["東京", ["japanese"]],
    ["상태", ["korean"]],
    ["Straße", ["accents"]],
    ["answer of korean", ["korean"]],
    ["web-user-7", ["by user"]],
    [testId("japanese"), ["japanese"]],
    [testId("japanese").toUpperCase(), ["japanese"]],
    [` ${testId("japanese")} `, ["japanese"]],
    [testId("their run"), []],
    ["", all],
    ["  \t", all],
    ["nothing like it", []],
    ["*", []],
  ])("%j", async (keyword, expected) => {
    expect(await found("postgres", keyword), "postgres").toEqual(expected);
    expect(await found("elasticsearch", keyword), "elasticsearch").toEqual(expected);
  });
});

describe("what PostgreSQL finds as a part of the text and Elasticsearch by words", () => {
  it.each([
    ["a part of a word", "rder", ["order"], []],
    ["words out of order", "order where", [], ["order"]],
    ["a phrase out of order", '"order where"', [], []],
    ["a phrase", '"order 10045"', [], ["order"]],
    ["the name of a key", "question", Object.keys(inputs).toSorted(), []],
    ["a part of a session id", "er-7", ["by user"], []],
    ["a word of a session id", "user", ["by user"], ["by user"]],
    ["characters that are no words", "%", ["markup"], []],
    ["a quoted word", "quoted", ["markup"], ["markup"]],
    ["a backslash", "C:\\temp", ["markup"], ["markup"]],
    ["an underscore is no wildcard", "a_b", ["markup"], ["markup"]],
    ["a wildcard that is none", "订*", [], ["chinese", "escaped"]],
    ["more than 30 characters", "The invoice INV-2024-0815 of 1 and more", ["invoice"], []],
  ])("%s: %s", async (_, keyword, postgres, elasticsearch) => {
    expect(await found("postgres", keyword), "postgres").toEqual(postgres);
    expect(await found("elasticsearch", keyword), "elasticsearch").toEqual(elasticsearch);
  });
});

describe("letters beyond ASCII in the other case", () => {
  it("are found by Elasticsearch; in PostgreSQL the database's locale decides", async () => {
    expect(await found("elasticsearch", "ärger")).toEqual(["accents"]);
    expect(await found("elasticsearch", "OÙ")).toEqual(["accents"]);
  });
});

import { expect, test } from "vitest";
import { z } from "zod";
import * as options from "../../../../src/cli/options/scope.ts";
import { parseSize } from "../../../../src/cli/options/sizes.ts";
import { oneOf, size, uuid as uuidOption, wholeNumber } from "../../../../src/cli/options/values.ts";

const scope = z.object(options.scopeShape).refine(...options.orderedDates);
const messages = (schema: z.ZodType, value: unknown): string[] =>
  schema.safeParse(value).error?.issues.map((issue) => `${issue.path[0]?.toString() ?? ""}: ${issue.message}`) ?? [];

test.each([
  ["1", 1],
  ["4096", 4096],
  ["10B", 10],
  ["1KB", 1024],
  ["5MB", 5 * 1024 ** 2],
  ["5 mb", 5 * 1024 ** 2],
  ["1.5gb", 1.5 * 1024 ** 3],
  ["0.3KB", 307],
])("size %s is %d bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  "",
  "0",
  "0MB",
  "-1",
  "-5MB",
  "5TB",
  "5MBx",
  "MB",
  "1e6",
  "0x10",
  "1,5MB",
  "NaN",
  "Infinity",
  "9".repeat(15) + "GB",
  "0.1B",
])("size %j is refused", (text) => {
  expect(parseSize(text)).toBeUndefined();
  expect(size.safeParse(text).success).toBe(false);
});

test.each([
  "",
  "0",
  "-5",
  "1.5",
  "1e3",
  "0x10",
  "abc",
  "NaN",
  "Infinity",
  "٣",
  "9".repeat(17),
  "9007199254740993",
  " 5",
])("whole number %j is refused", (text) => {
  expect(wholeNumber().safeParse(text).success).toBe(false);
});

test("whole numbers keep within their bounds", () => {
  expect(wholeNumber(1, 64).parse("64")).toBe(64);
  expect(messages(wholeNumber(1, 64), "65")[0]).toContain('"65" is not a whole number from 1 to 64');
  expect(wholeNumber(0).parse("0")).toBe(0);
});

const uuid = "0b9c2e1a-7c7c-4a52-9d0e-0a4f8a3f1d22";

test.each([uuid, "tenant-123", "a", "0", "a_b-c", "x".repeat(100)])("tenant id %s is taken", (id) => {
  expect(options.scopeOf(scope.parse({ tenantId: [id] })).tenantIds).toEqual([id]);
});

test("a uuid is taken in capitals too and given on as PostgreSQL prints it", () => {
  expect(options.scopeOf(scope.parse({ tenantId: [uuid.toUpperCase(), uuid] })).tenantIds).toEqual([uuid]);
});

test.each([
  "",
  "*",
  "a*",
  "a,b",
  "../x",
  "a/b",
  "A",
  "-a",
  "_a",
  ".",
  "..",
  "a b",
  "a.b",
  "x".repeat(101),
  "<a>",
  "a?",
  "ä",
  "a\n",
  "%2e",
  "_all",
])("tenant id %j is refused", (id) => {
  expect(messages(scope, { tenantId: [id] })).toHaveLength(1);
});

test("every wrong tenant id of several is named", () => {
  const [first, second] = messages(scope, { tenantId: ["*", "ok", "a,b"] });
  expect(first).toContain('tenantId: "*"');
  expect(second).toContain('"a,b"');
});

test.each([
  [[], ["workflow_runs", "app_logs", "node_executions"]],
  [["all"], ["workflow_runs", "app_logs", "node_executions"]],
  [
    ["app_logs", "all"],
    ["workflow_runs", "app_logs", "node_executions"],
  ],
  [
    ["node_executions", "workflow_runs", "node_executions"],
    ["workflow_runs", "node_executions"],
  ],
])("data types %j mean %j", (given, meant) => {
  expect(options.scopeOf(scope.parse({ dataType: given })).dataTypes).toEqual(meant);
});

test.each(["", "runs", "workflow_runs,app_logs", "ALL", "*"])("data type %j is refused", (given) => {
  expect(messages(scope, { dataType: [given] })).toHaveLength(1);
});

test("a day range includes its last day", () => {
  expect(options.scopeOf(scope.parse({ startDate: "2024-01-31", endDate: "2024-01-31" }))).toMatchObject({
    start: "2024-01-31 00:00:00.000000",
    end: "2024-02-01 00:00:00.000000",
  });
});

test.each([
  ["2024-02-01", "2024-01-31"],
  ["2024-02-01", "2024-02-01T00:00:00Z"],
  ["2024-01-01T00:00:00.000001Z", "2024-01-01T00:00:00Z"],
  ["9999-12-31", "2024-01-01"],
])("the range from %s to %s is refused", (startDate, endDate) => {
  expect(messages(scope, { startDate, endDate })).toEqual([
    "endDate: no time lies between --start-date and --end-date",
  ]);
});

test("a reversed range is found beside other problems, and not guessed where a date is wrong itself", () => {
  expect(messages(scope, { tenantId: ["*"], startDate: "2024-02-02", endDate: "2024-02-01" })).toHaveLength(2);
  const wrongDate = messages(scope, { startDate: "2024-02-30", endDate: "2024-02-01" });
  expect(wrongDate).toEqual([expect.stringContaining('startDate: "2024-02-30" is not a date that exists')]);
});

test("order is newest or oldest", () => {
  const order = oneOf("newest", "oldest");
  expect(order.parse("newest")).toBe("newest");
  expect(messages(order, "random")).toEqual([': must be "newest" or "oldest"']);
});

test.each(["", "x", "*", uuid.slice(1), `${uuid}0`])("uuid %j is refused", (text) => {
  expect(uuidOption.safeParse(text).success).toBe(false);
});

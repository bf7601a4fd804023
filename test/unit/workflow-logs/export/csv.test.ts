import { expect, test } from "vitest";
import { csvHead, csvLines } from "../../../../src/workflow-logs/export/csv.ts";

test("cells are quoted where they have to be, and unknown columns are kept as JSON", () => {
  const head = csvHead("app_logs").toString().trimEnd().split(",");
  expect(head).toEqual(expect.arrayContaining(["id", "tenant_id", "created_from", "more"]));
  const document = { id: 'a"b', tenant_id: "", created_from: "x,\ny", created_by: null, new_column: 9007199254740993n };
  const json = JSON.stringify({ ...document, new_column: 1 }).replace(":1}", ":9007199254740993}");
  const line = csvLines("app_logs", [Buffer.from(json)]).toString();
  expect(line).toContain('"a""b",""');
  expect(line).toContain('"x,\ny"');
  expect(line.endsWith('"{""new_column"":""9007199254740993""}"\r\n')).toBe(true);
});

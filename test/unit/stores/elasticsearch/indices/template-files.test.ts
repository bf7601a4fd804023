import { readFileSync } from "node:fs";
import type { estypes } from "@elastic/elasticsearch";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../../src/engine/errors.ts";
import {
  isMark,
  isTemplateMeta,
  loadTemplates,
  templateBody,
  templateName,
  type IndexTemplate,
} from "../../../../../src/stores/elasticsearch/indices/template-files.ts";

const TABLES: Record<string, string> = {
  "workflow-runs": "workflow_runs",
  "workflow-app-logs": "workflow_app_logs",
  "workflow-node-executions": "workflow_node_executions",
};
const newestSchema = readFileSync(new URL("../../../../../dev/sample-logs/schema/1.16.sql", import.meta.url), "utf8");

/** Column name -> PostgreSQL type, from the CREATE TABLE statement. */
function columnsOf(table: string): Map<string, string> {
  const [, body = ""] = new RegExp(`^CREATE TABLE ${table} \\(\\n(.*?)^\\);`, "ms").exec(newestSchema) ?? [];
  const columns = body.matchAll(
    /^ {2}"?([a-z_]+)"? (uuid|character varying|text|integer|bigint|double precision|timestamp)/gm,
  );
  return new Map(Array.from(columns, ([, name = "", type = ""]) => [name, type]));
}

function properties({ body }: IndexTemplate): Record<string, estypes.MappingProperty> {
  return body.template.mappings.properties ?? {};
}

const templates = loadTemplates();

test("there is one template per data type", () => {
  expect(templates.map((template) => template.resource).toSorted()).toEqual(Object.keys(TABLES).toSorted());
});

describe.each(templates)("$resource", (template) => {
  const columns = columnsOf(TABLES[template.resource] ?? "");

  test("maps every column of the newest schema and, beside them, only the object archive", () => {
    expect(columns.size).toBeGreaterThan(8);
    expect(Object.keys(properties(template)).toSorted()).toEqual([...columns.keys(), "archive"].toSorted());
  });

  test("maps each column by its type", () => {
    const allowed: Record<string, string[]> = {
      uuid: ["keyword"],
      "character varying": ["keyword"],
      text: ["object"],
      integer: ["integer"],
      bigint: ["long"],
      "double precision": ["double"],
      timestamp: ["date_nanos"],
    };
    for (const [name, type] of columns) {
      expect(allowed[type], `${name} ${type}`).toContain(properties(template)[name]?.type);
    }
  });

  test("no value can make Elasticsearch refuse the document", () => {
    for (const [name, mapping] of allFields(properties(template))) {
      switch (mapping.type) {
        case "keyword":
          expect(mapping, name).toMatchObject({ ignore_above: 1024 });
          break;
        case "integer":
        case "long":
        case "double":
        case "date":
        case "date_nanos":
          expect(mapping, name).toMatchObject({ ignore_malformed: true });
          break;
        case "object":
          expect(mapping, name).toEqual({ type: "object", enabled: false });
          break;
        default:
          expect(mapping.type, name).toBe("text");
      }
    }
    expect(template.body.template.mappings.dynamic).toBe(false);
  });

  test("carries its mark, and gives indices none: who makes one of a matching name is not us", () => {
    const mark = { managed_by: "log-archive", template_version: template.body.version };
    expect(template.body._meta).toEqual(mark);
    expect(isMark(template.body.template.mappings._meta)).toBe(false);
    expect(isTemplateMeta(template.body.template.mappings._meta)).toBe(true);
    expect(template.body.template.mappings._meta.template_version).toBe(template.body.version);
  });
});

function allFields(fields: Record<string, estypes.MappingProperty>): [string, estypes.MappingProperty][] {
  return Object.entries(fields).flatMap(([name, mapping]): [string, estypes.MappingProperty][] => {
    const inner = "properties" in mapping ? mapping.properties : undefined;
    return inner === undefined ? [[name, mapping]] : allFields(inner);
  });
}

describe("templateBody", () => {
  const [template] = templates as [IndexTemplate];

  test("carries the operator's settings and this installation's pattern, and leaves the file's rest alone", () => {
    const settings = { prefix: "x", shards: 3, replicas: 2, refreshInterval: "5s", codec: "best_compression" };
    const body = templateBody(template, settings);
    expect(body.index_patterns).toEqual([`x-${template.resource}-*`]);
    expect(body.template.settings).toEqual({
      "index.number_of_shards": 3,
      "index.number_of_replicas": 2,
      "index.refresh_interval": "5s",
      "index.gc_deletes": "20m",
      "index.codec": "best_compression",
      "index.mapping.total_fields.limit": 2000,
    });
    expect(body.template.mappings).toBe(template.body.template.mappings);
    expect(body).toMatchObject({ priority: 500, allow_auto_create: false });
  });

  test("leaves the codec to Elasticsearch when none is set", () => {
    const body = templateBody(template, { prefix: "x", shards: 1, replicas: 0, refreshInterval: "30s" });
    expect(body.template.settings).not.toHaveProperty(["index.codec"]);
  });

  test("refuses a prefix that is none", () => {
    expect(() => templateBody(template, { prefix: "*", shards: 1, replicas: 0, refreshInterval: "30s" })).toThrow(
      UsageError,
    );
  });

  test("is installed under the guide's name", () => {
    expect(templateName("dify", "workflow-runs")).toBe("dify-workflow-runs-template");
  });
});

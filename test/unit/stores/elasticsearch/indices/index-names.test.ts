import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../../src/engine/errors.ts";
import {
  indexName,
  parseIndexName,
  parseSharedName,
  resourcePattern,
  splitPartName,
  tenantPatterns,
  validatePrefix,
  validateTenantId,
} from "../../../../../src/stores/elasticsearch/indices/index-names.ts";
import { loadTemplates } from "../../../../../src/stores/elasticsearch/indices/template-files.ts";

const resources = loadTemplates().map((template) => template.resource);

const prefixes = fc
  .stringMatching(/^[a-z0-9][a-z0-9._-]{0,99}$/)
  .filter((prefix) => !/^(logs|metrics|synthetics|traces|profiling)([-.]|$)/.test(prefix));
const tenantIds = fc.oneof(
  fc.uuid(),
  fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,99}$/),
  // Ids that look like other parts of a name.
  fc
    .array(fc.constantFrom("acme", "eu", "2024", "01", "workflow", "runs", "workflow-runs", "-", "_"), { minLength: 1 })
    .map((parts) => `a${parts.join("-")}`.slice(0, 100)),
);
const months = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }))
  .map(([year, month]) => `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`);
const addresses = fc.record({ resource: fc.constantFrom(...resources), tenantId: tenantIds, month: months });

describe("indexName", () => {
  test("is the name of the guide", () => {
    const address = { prefix: "dify", resource: "workflow-runs", tenantId: "tenant-123", month: "2025-01" };
    expect(indexName(address)).toBe("dify-workflow-runs-tenant-123-2025.01");
  });

  test("parses to what it was made from, and stays within Elasticsearch's rules", () => {
    fc.assert(
      fc.property(prefixes, addresses, (prefix, address) => {
        const name = indexName({ prefix, ...address });
        expect(parseIndexName(prefix, resources, name)).toEqual(address);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        expect(name).toMatch(/^[^-_+A-Z\\/*?"<>| ,#:][^A-Z\\/*?"<>| ,#:]*$/);
      }),
      { numRuns: 2000 },
    );
  });

  test("two addresses never share a name", () => {
    fc.assert(
      fc.property(prefixes, addresses, addresses, (prefix, first, second) => {
        const same = JSON.stringify(first) === JSON.stringify(second);
        expect(indexName({ prefix, ...first }) === indexName({ prefix, ...second })).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    "2024-13",
    "2024-00",
    "0000-01",
    "2024.01",
    "2024-1",
    "24-01",
    "12024-01",
    "2024-01-01",
    "2024-01\n",
    "*",
  ])("refuses the month %j", (month) => {
    expect(() => indexName({ prefix: "dify", resource: "workflow-runs", tenantId: "acme", month })).toThrow(UsageError);
  });
});

describe("indexName in the shared layout", () => {
  const shared = { prefix: "dify", layout: "shared", resource: "workflow-runs", month: "2025-01" } as const;

  test("is the index of the month and whose part of it", () => {
    expect(indexName({ ...shared, tenantId: "tenant-123" })).toBe("dify-workflow-runs-~shared-2025.01/tenant-123");
  });

  test("parses to what it was made from, and is no name of the other layout", () => {
    fc.assert(
      fc.property(prefixes, addresses, addresses, (prefix, address, other) => {
        const name = indexName({ prefix, layout: "shared", ...address });
        expect(parseIndexName(prefix, resources, name)).toEqual(address);
        expect(name).not.toBe(indexName({ prefix, ...other }));
        const { index, tenantId } = splitPartName(name)!;
        expect(tenantId).toBe(address.tenantId);
        expect(parseIndexName(prefix, resources, index)).toBeUndefined();
        const { resource, month } = address;
        expect(parseSharedName(prefix, resources, index)).toEqual({ resource, month });
        expect(Buffer.byteLength(index)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 1000 },
    );
  });

  test("two addresses never share a name", () => {
    fc.assert(
      fc.property(prefixes, addresses, addresses, (prefix, first, second) => {
        const same = JSON.stringify(first) === JSON.stringify(second);
        const [one, other] = [first, second].map((address) => indexName({ prefix, layout: "shared", ...address }));
        expect(one === other).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });

  test.each(["A", "a/b", "a*", "a,b", "", "~shared-2024.05/a", "a\n", "..", "a/../b"])("refuses %j", (tenantId) => {
    expect(() => indexName({ ...shared, tenantId })).toThrow(UsageError);
  });

  test.each([
    "dify-workflow-runs-~shared-2025.01",
    "dify-workflow-runs-~shared-2025.01/",
    "dify-workflow-runs-~shared-2025.01/A",
    "dify-workflow-runs-~shared-2025.01/a/b",
    "dify-workflow-runs-~shared-2025.13/a",
    "dify-workflow-runs-acme-~shared-2025.01/a",
    "other-workflow-runs-~shared-2025.01/a",
  ])("%j is no place", (name) => {
    expect(parseIndexName("dify", resources, name)).toBeUndefined();
  });
});

describe("parseIndexName", () => {
  test("whatever it accepts is what indexName makes", () => {
    const signs = ["-", "_", ".", ",", "/", "é", " ", "\n", "A", "*", "2024", "01", "13", "-2024.01"];
    const words = ["dify", "workflow", "runs", "workflow-runs", "app-logs", "acme", "dify-workflow-runs-"];
    const pieces = fc.constantFrom(...signs, ...words);
    const mutated = fc.tuple(addresses, fc.nat(), pieces).map(([address, position, piece]) => {
      const name = indexName({ prefix: "dify", ...address });
      const at = position % (name.length + 1);
      return name.slice(0, at) + piece + name.slice(at);
    });
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join("")),
      mutated,
    );
    fc.assert(
      fc.property(texts, (name) => {
        const address = parseIndexName("dify", resources, name);
        if (address !== undefined) expect(indexName({ prefix: "dify", ...address })).toBe(name);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    "dify-workflow-runs-2024.01",
    "dify-workflow-runs--2024.01",
    "dify-workflow-runs-acme-2024.00",
    "dify-workflow-runs-acme-2024.01-000001",
    "dify-workflow-runs-acme-2024.01\n",
    "dify-workflow-runs-_acme-2024.01",
    "dify-workflow-runs-a.b-2024.01",
    "dify-workflow-runs-acme,other-2024.01",
    "dify-workflow-runs-*-2024.01",
    "dify-workflow-sessions-acme-2024.01",
    "other-workflow-runs-acme-2024.01",
    "DIFY-workflow-runs-acme-2024.01",
    ".ds-dify-workflow-runs-acme-2024.01",
    "difyxworkflow-runs-acme-2024.01",
  ])("%j is not ours", (name) => {
    expect(parseIndexName("dify", resources, name)).toBeUndefined();
  });

  test("a dot in the prefix stands for itself only", () => {
    expect(parseIndexName("a.b", resources, "axb-workflow-runs-acme-2024.01")).toBeUndefined();
  });
});

describe("validateTenantId", () => {
  test("every id it accepts is harmless in a name and in a path", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), tenantIds), (text) => {
        let accepted: string;
        try {
          accepted = validateTenantId(text);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          return;
        }
        expect(accepted).toBe(text);
        expect(encodeURIComponent(accepted)).toBe(accepted);
        expect(accepted).not.toMatch(/[*,/.\s]|^[-_+]/);
      }),
      { numRuns: 5000 },
    );
  });

  test.each(
    [
      [
        "",
        "*",
        "a*",
        "a,b",
        "a/b",
        "../x",
        "..",
        ".",
        "_all",
        "-acme",
        "acme.eu",
        "Acme",
        "ACME",
        "a b",
        " acme",
        "acme\n",
      ],
      [
        "acme\u0000",
        "é",
        "ａcme",
        "<acme-{now/d}>",
        "a?",
        "a%2Cb",
        "a#b",
        "a:b",
        '"',
        "a\\b",
        "+acme",
        "x".repeat(101),
      ],
    ].flat(),
  )("refuses %j", (text) => {
    expect(() => validateTenantId(text)).toThrow(UsageError);
    expect(() => indexName({ prefix: "dify", resource: "workflow-runs", tenantId: text, month: "2024-01" })).toThrow();
    expect(() => tenantPatterns("dify", "workflow-runs", text)).toThrow();
  });
});

describe("validatePrefix", () => {
  test.each(["dify", "a", "0", "dify_2", "dify.prod", "logsystem", "my-logs", "x".repeat(100)])(
    "allows %j",
    (prefix) => {
      expect(validatePrefix(prefix)).toBe(prefix);
    },
  );

  test.each(
    [
      [
        "",
        "*",
        "Dify",
        "-dify",
        "_dify",
        "+dify",
        ".dify",
        "..",
        "a b",
        "a,b",
        "a/b",
        "a*",
        "a#b",
        "a:b",
        "é",
        "dify\n",
      ],
      ["logs", "logs-archive", "logs.otel", "metrics-x", "synthetics", "traces-1", "profiling-a", "x".repeat(101)],
    ].flat(),
  )("refuses %j", (prefix) => {
    expect(() => validatePrefix(prefix)).toThrow(UsageError);
    expect(() => resourcePattern(prefix, "workflow-runs")).toThrow();
  });
});

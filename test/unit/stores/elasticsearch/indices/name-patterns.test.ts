import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indexName } from "../../../../../src/stores/elasticsearch/indices/index-names.ts";
import { matchesOurNames, patternsOverlap } from "../../../../../src/stores/elasticsearch/indices/name-patterns.ts";

function matches(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`, "s").test(name);
}

const letters = fc.constantFrom("a", "b");
const patterns = fc.array(fc.oneof(letters, fc.constant("*")), { maxLength: 6 }).map((parts) => parts.join(""));
const names = everyName(7);

function everyName(longest: number): string[] {
  const all = [""];
  for (const name of all) if (name.length < longest) all.push(`${name}a`, `${name}b`);
  return all;
}

describe("patternsOverlap", () => {
  test("agrees with trying every short name", () => {
    fc.assert(
      fc.property(patterns, patterns, (first, second) => {
        const shortest = first.replaceAll("*", "").length + second.replaceAll("*", "").length;
        fc.pre(shortest <= 7);
        const found = names.some((name) => matches(first, name) && matches(second, name));
        expect(patternsOverlap(first, second)).toBe(found);
      }),
      { numRuns: 500 },
    );
  });
});

describe("matchesOurNames", () => {
  test.each([
    "*",
    "dify-*",
    "*-2024.*",
    "dify-workflow-*",
    "*runs*",
    "dify-workflow-runs-*-eu-2025.01",
    "dify-workflow-runs-acme-2024.01",
    "*.12",
  ])("%s decides over our indices", (pattern) => {
    expect(matchesOurNames(pattern, "dify", "workflow-runs")).toBe(true);
  });

  test.each([
    "dify",
    "dify-workflow-runs",
    "dify-workflow-runs-",
    "dify-*-metrics",
    "dify-workflow-runs-*-2024.13x",
    "dify-workflow-app-logs-*",
    "Dify-*",
    "difyx-*",
    ".ds-*",
    "dify-workflow-runs-_*",
  ])("%s does not", (pattern) => {
    expect(matchesOurNames(pattern, "dify", "workflow-runs")).toBe(false);
  });

  test("never misses a pattern that matches a name of ours", () => {
    const tenantIds = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,12}$/);
    const cuts = fc.array(fc.tuple(fc.nat(60), fc.nat(10)), { maxLength: 3 });
    fc.assert(
      fc.property(tenantIds, cuts, (tenantId, stars) => {
        const name = indexName({ prefix: "dify", resource: "workflow-runs", tenantId, month: "2024-07" });
        let pattern = name;
        for (const [at, length] of stars) pattern = `${pattern.slice(0, at)}*${pattern.slice(at + length)}`;
        expect(matches(pattern, name)).toBe(true);
        expect(matchesOurNames(pattern, "dify", "workflow-runs")).toBe(true);
      }),
    );
  });
});

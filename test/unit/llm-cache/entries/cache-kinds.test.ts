import { expect, test } from "vitest";
import { CacheKinds } from "../../../../src/llm-cache/entries/cache-kinds.ts";

test("extract and summary of mode default are moved, and no other key (K1, K3, K4)", () => {
  const kinds = new CacheKinds();
  expect(kinds.all).toEqual(["default:extract", "default:summary"]);
  expect(kinds.of("default:extract:abc")).toBe("default:extract");
  expect(kinds.of("default:summary:a:b:c")).toBe("default:summary");
  for (const key of [
    "",
    "default",
    "default:extract",
    "local:extract:a",
    "default:query:a",
    "default:keywords:a",
    "default:extracts:a",
  ]) {
    expect(kinds.of(key)).toBeUndefined();
  }
});

test("the other caches come when they are asked for: those of queries in every mode, analysis in default", () => {
  const kinds = new CacheKinds(["keywords", "query", "analysis"]);
  expect(kinds.all.slice(0, 3)).toEqual(["default:extract", "default:summary", "default:analysis"]);
  expect(kinds.all).toHaveLength(3 + 2 * 7);
  expect(kinds.of("hybrid:query:x")).toBe("hybrid:query");
  expect(kinds.of("hybrid:extract:x")).toBeUndefined();
  expect(kinds.isMode("bypass")).toBe(true);
  expect(kinds.isMode("default:extract")).toBe(false);
});

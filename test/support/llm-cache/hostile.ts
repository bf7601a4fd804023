import { createHash } from "node:crypto";
import type { Caches, PlainRecord } from "./stores.ts";

export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

export function record(answer: string, more: PlainRecord = {}): PlainRecord {
  return {
    return: answer,
    cache_type: "extract",
    chunk_id: `chunk-${md5(answer)}`,
    original_prompt: `Extract from: ${answer.slice(0, 100)}`,
    queryparam: null,
    create_time: 1_700_000_000,
    update_time: 1_700_000_123,
    ...more,
  };
}

/** Answers that stores and formats are known to trip over; every store can hold them. */
const values: Record<string, PlainRecord> = {
  plain: record("entity<|>Ada<|>person"),
  chinese: record("知识图谱：实体与关系 🧠 \u{1f468}\u200d\u{1f469}\u200d\u{1f467}"),
  combining: record("e\u0301 vs \u00e9, \u202eright to left\u202c, \ufeffmark, \u2028 and \u2029"),
  controls: record("\t\n\r\u0001\u001f\u007f\b\f\v"),
  quotes: record(`"'\`\\ \\" \\\\" $1 $$ %s {"return":"x"} \\N \\. '; drop table lightrag_llm_cache; --`),
  braces: record('}]{["\\"}'),
  empty: record("", { original_prompt: "", chunk_id: "", cache_type: "" }),
  nulls: record("all null", { chunk_id: null, queryparam: null, original_prompt: null }),
  wordNull: record("null", { chunk_id: "null", original_prompt: "NULL" }),
  nested: record("nested", {
    queryparam: {
      mode: "mix",
      top_k: 60,
      ratio: 0.2,
      none: null,
      "dotted.name": { $dollar: [1, [2, { deep: "\u00e9" }], true], "": "empty name" },
      history: [{ role: "user", content: "\\u0000 written out" }],
      large: 1e21,
    },
  }),
  emptyParam: record("empty object", { queryparam: {} }),
  listParam: record("a list", { queryparam: [] }),
  beforeEpoch: record("old", { create_time: 0, update_time: -1 }),
  after2038: record("late", { create_time: 2_200_000_000, update_time: 4_102_444_800 }),
};

/** An answer of 5 MB in UTF-8. */
export function largeRecord(): PlainRecord {
  return record(`${"长".repeat(1_000_000)}${"x".repeat(2_000_000)}`);
}

/** Caches that are to be moved. */
export function hostileCaches(): Caches {
  const caches: Caches = {};
  for (const [name, value] of Object.entries(values)) caches[`default:extract:${md5(name)}`] = value;
  for (let at = 0; at < 40; at++) {
    caches[`default:summary:${md5(`s${at}`)}`] = record(`summary ${at}`, { cache_type: "summary" });
  }
  caches["default:extract:"] = record("no hash");
  caches["default:extract:with:colons"] = record("more colons");
  caches["default:summary:ünï✓ %_*?[]^\\"] = record("odd key", { cache_type: "summary" });
  return caches;
}

/** Caches that are never moved: other modes and types, and keys that nearly match. */
export function otherCaches(): Caches {
  const keys = [
    `default:query:${md5("q")}`,
    `default:keywords:${md5("k")}`,
    `default:analysis:${md5("a")}`,
    `local:extract:${md5("l")}`,
    `global:query:${md5("g")}`,
    "default:extract",
    "default:extractor:1",
    "default:extracts:1",
    "default_extract:1",
    "Default:extract:1",
    "default:Extract:1",
    "default:summarx:1",
    " default:extract:1",
    "xdefault:extract:1",
    "default",
  ];
  return Object.fromEntries(keys.map((key) => [key, record(`other ${key}`)]));
}

/**
 * Workspaces that a careless pattern would take for `w`: prefixes, suffixes, and those with signs that mean something
 * to SQL, globs and paths.
 */
export const neighbours = ["w1", "w_", "ww", "W", "w%", "w*"];

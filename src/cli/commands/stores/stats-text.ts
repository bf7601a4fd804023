import type { MilvusStats, RedisStats, StatsAnswers } from "../../../layra/operate/stats.ts";
import { formatBytes, formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

/** One part for each store, in the order in which they are asked. */
export function statsText({ mongodb, milvus, redis, minio, mysql }: StatsAnswers, width: number | undefined): string {
  const parts: (string | undefined)[] = [
    mongodb &&
      part("MongoDB", mongodb, ({ collections }) =>
        formatTable(
          ["collection", "documents", "indexes"],
          collections.map((one) => [one.name, one.documents, one.indexes]),
          { width },
        ),
      ),
    milvus && part("Milvus", milvus, (stats) => milvusText(stats)),
    redis && part("Redis", redis, redisText),
    minio &&
      part(
        "MinIO",
        minio,
        ({ bucket, objects, bytes }) => `${bucket}: ${formatCount(objects)} objects, ${formatBytes(bytes)}`,
      ),
    mysql &&
      part("MySQL", mysql, ({ tables }) =>
        tables.length === 0
          ? "No tables (the application's schema is empty)"
          : formatTable(
              ["table", "rows"],
              tables.map((one) => [one.name, one.rows]),
              { width },
            ),
      ),
  ];
  return parts.filter((text) => text !== undefined).join("\n\n");
}

function part<T>(
  title: string,
  answer: { ok: true; value: T } | { ok: false; error: string },
  text: (value: T) => string,
): string {
  return `${title}\n${answer.ok ? text(answer.value) : `✗ ${printable(answer.error)}`}`;
}

function milvusText({ collections }: MilvusStats): string {
  if (collections.length === 0) return "No collections";
  return collections
    .map(({ name, rows, indexes }) => {
      const lines = indexes.map(
        (index) =>
          `  Index: ${index.name || index.field}\n    Type: ${index.type}\n    Params: ${JSON.stringify(index.params)}`,
      );
      return [`${name}\n  Rows: ${formatCount(rows)}`, ...lines].join("\n");
    })
    .join("\n");
}

function redisText(stats: RedisStats): string {
  return [
    `Used memory: ${stats.used_memory_human}`,
    ...stats.databases.map(({ database, keys }) => `DB ${database}: ${keys} keys`),
    `Total keys: ${stats.total_keys}`,
    `Large keys (>10KB): ${stats.large_keys_total}`,
    ...stats.large_keys.map(({ database, key, bytes }) => `  DB ${database} ${printable(key)}: ${formatBytes(bytes)}`),
  ].join("\n");
}

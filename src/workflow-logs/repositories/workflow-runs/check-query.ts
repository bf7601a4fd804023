import { UsageError } from "../../../engine/errors.ts";

/** Beyond this a page of whole runs fills memory. */
const largestPage = 1000;
const defaultPage = 20;
/** As many as Dify's own clean-ups take at once. */
const defaultBatch = 1000;

export function pageLimit(limit = defaultPage): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= largestPage) return limit;
  throw new UsageError("invalid_limit", `${limit} is no size of a page.`, { hint: `Give 1 to ${largestPage}.` });
}

export function batchLimit(batchSize = defaultBatch): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw new UsageError("invalid_limit", `${batchSize} is no size of a batch.`, { hint: "Give 1 or more." });
}

export function unknownLastId(lastId: string): UsageError {
  return new UsageError("unknown_last_id", `The run ${JSON.stringify(lastId.slice(0, 100))} is not in this list.`, {
    hint: "Give the id of the last run of a page with the same filters, or none for the first page.",
  });
}

/**
 * The zone by its name in the time zone database. Offsets such as `+08:00` are refused: PostgreSQL would read them with
 * the opposite sign.
 */
export function timeZoneName(name = "UTC"): string {
  try {
    if (/^[A-Za-z]/.test(name)) return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    // said below
  }
  throw new UsageError("invalid_time_zone", `${JSON.stringify(name)} is not a time zone.`, {
    hint: "Give its name in the time zone database, such as Asia/Shanghai.",
  });
}

const unitMillis: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
const yearOne = "0001-01-01T00:00:00.000000Z";

/** The instant that `7d`, `4h`, `30m` or `30s` before now is; undefined for every other text. */
export function sinceInstant(timeRange: string | undefined): string | undefined {
  const [, count, unit] = /^(\d+)([dhms])$/.exec(timeRange ?? "") ?? [];
  if (count === undefined) return undefined;
  const millis = Date.now() - Number(count) * unitMillis[unit!]!;
  if (millis <= Date.parse(yearOne)) return yearOne;
  return new Date(millis).toISOString().replace("Z", "000Z");
}

/** The last hexadecimal digits that belong to a shard. */
export function shardDigits({ index, total }: { readonly index: number; readonly total: number }): string[] {
  const isShard = Number.isInteger(total) && total >= 1 && total <= 16 && Number.isInteger(index) && index >= 0;
  if (!isShard || index >= total) {
    throw new UsageError("invalid_shard", `${index} of ${total} is not a shard.`, {
      hint: "Give a total of 1 to 16 and an index below it.",
    });
  }
  return Array.from("0123456789abcdef").filter((_, digit) => digit % total === index);
}

export function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

import { Option } from "commander";
import { z } from "zod";
import { AppError } from "../engine/errors.ts";
import { validateTenantId } from "../stores/elasticsearch/indices/index-names.ts";
import { dataTypes } from "../workflow-logs/partitions/log-types.ts";
import type { Scope } from "../workflow-logs/partitions/scope.ts";
import { endInstant, isBefore, startInstant } from "./dates.ts";
import { parseSize } from "./sizes.ts";

/** Text of the command line that `parse` understands; undefined or an AppError mean that it does not. */
function option<T>(expectation: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `${JSON.stringify(text.slice(0, 100))} is not ${expectation}` });
    return z.NEVER;
  });
}

export function wholeNumber(least = 1, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return option(`a whole number ${range}`, (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  });
}

/** Infinity for "off". */
export const secondsOrOff = option('a whole number of seconds, or "off"', (text) =>
  text === "off" ? Number.POSITIVE_INFINITY : /^\d{1,9}$/.test(text) ? Number(text) : undefined,
);

/** Null for "off". */
export const rowsOrOff = option('a whole number of at least 1, or "off"', (text) =>
  text === "off" ? null : /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined,
);

/** Null for "off". */
export const sizeOrOff = option('a size above 0 such as 512KB or 10MB, or "off"', (text) =>
  text === "off" ? null : parseSize(text),
);

export const batchSize = wholeNumber(1, 10_000);
export const concurrency = wholeNumber(1, 64);
export const size = option("a size above 0 such as 512KB, 5MB or 1GB", parseSize);
export const startDate = option("a date that exists, as YYYY-MM-DD or an ISO timestamp", startInstant);
const endDate = option("a date that exists, as YYYY-MM-DD or an ISO timestamp", endInstant);
export const order = z.enum(["newest", "oldest"], 'must be "newest" or "oldest"');
export const offload = z.enum(["reference", "inline"], 'must be "reference" or "inline"');
export const uuid = option("a uuid", (text) => (z.guid().safeParse(text).success ? text.toLowerCase() : undefined));

export const tenantId = option(
  "a tenant id (a uuid, or a-z, 0-9, _ and -, up to 100 characters, one per --tenant-id)",
  (text) => {
    const id = z.guid().safeParse(text).success ? text.toLowerCase() : text;
    try {
      return validateTenantId(id);
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  },
);

const dataType = option(`a data type (${dataTypes.join(", ")} or all; repeat --data-type for several)`, (text) => {
  const named = text === "all" ? dataTypes : dataTypes.filter((type) => type === text);
  return named.length > 0 ? named : undefined;
});

/** The options that say which logs a command is about; make a Scope of them with scopeOf. */
export const scopeShape = {
  tenantId: z.array(tenantId).default([]),
  startDate: startDate.optional(),
  endDate: endDate.optional(),
  dataType: z.array(dataType).default([]),
};

interface ScopeOptions {
  readonly tenantId: readonly string[];
  readonly startDate?: string | undefined;
  readonly endDate?: string | undefined;
  readonly dataType: readonly (readonly string[])[];
}

/** Arguments of zod's refine for every schema with scopeShape. Looked at though other options are wrong. */
export const orderedDates = [
  ({ startDate: start, endDate: end }: Pick<ScopeOptions, "startDate" | "endDate">) =>
    start === undefined || end === undefined || isBefore(start, end),
  {
    path: ["endDate"] as PropertyKey[],
    message: "no time lies between --start-date and --end-date",
    when: ({ issues }: { issues: { path?: PropertyKey[] | undefined }[] }) =>
      !issues.some(({ path }) => path?.[0] === "startDate" || path?.[0] === "endDate"),
  },
] as const;

export function scopeOf(options: ScopeOptions): Scope {
  const wanted = new Set(options.dataType.flat());
  return {
    dataTypes: wanted.size === 0 ? dataTypes : dataTypes.filter((type) => wanted.has(type)),
    tenantIds: [...new Set(options.tenantId)],
    start: options.startDate,
    end: options.endDate,
  };
}

/** An option that may be given several times; its values are collected in order. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (may be repeated)`).argParser(
    (text: string, before: string[] | undefined) => [...(before ?? []), text],
  );
}

export const tenantIdOption = (): Option => repeatable("--tenant-id <id>", "only this tenant");
export const startDateOption = (): Option => new Option("--start-date <date>", "from this day or time on, UTC");
export const endDateOption = (): Option =>
  new Option("--end-date <date>", "up to and with this day, or before this time, UTC");
export const dataTypeOption = (): Option =>
  repeatable("--data-type <type>", `only these: ${dataTypes.join(", ")}, all`);

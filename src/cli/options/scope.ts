import { z } from "zod";
import { AppError } from "../../engine/errors.ts";
import { validateTenantId } from "../../stores/elasticsearch/indices/index-names.ts";
import { dataTypes } from "../../workflow-logs/partitions/log-types.ts";
import type { Scope } from "../../workflow-logs/partitions/scope.ts";
import { endInstant, isBefore, startInstant } from "./dates.ts";
import { repeated, value } from "./flags.ts";
import { option } from "./values.ts";

export const startDate = option("a date that exists, as YYYY-MM-DD or an ISO timestamp", startInstant);
const endDate = option("a date that exists, as YYYY-MM-DD or an ISO timestamp", endInstant);

const tenantId = option(
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

export const tenantIds = repeated("only this tenant", scopeShape.tenantId);
export const dataTypeNames = repeated("only these", scopeShape.dataType, { offered: [...dataTypes, "all"] });
/** For commands that take a scope and are about one tenant. */
export const soleTenant = repeated(
  "of this tenant",
  scopeShape.tenantId.refine((ids) => new Set(ids).size === 1, "give exactly one tenant"),
);

export const oneTenant = value("of this tenant", tenantId);

/** The flags of a command with scopeShape. */
export const scopeFlags = {
  tenantId: tenantIds,
  startDate: value("from this day or time on, UTC", scopeShape.startDate),
  endDate: value("up to and with this day, or before this time, UTC", scopeShape.endDate),
  dataType: dataTypeNames,
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

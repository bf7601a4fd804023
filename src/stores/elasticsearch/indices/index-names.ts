import { UsageError } from "../../../engine/errors.ts";

/** A place holds one resource (such as "workflow-runs") of one tenant in one month ("YYYY-MM", UTC). */
export interface IndexAddress {
  resource: string;
  tenantId: string;
  month: string;
}

/** `dedicated`: each place is an index. `shared`: one index for each resource and month, of which a place is a part. */
export type IndexLayout = "dedicated" | "shared";

/** What decides how places are named. */
export interface Naming {
  readonly prefix: string;
  /** `dedicated` where none is given. */
  readonly layout?: IndexLayout | undefined;
}

// A "." in a tenant id would make "tenant-2024.01" ambiguous; "*", "," and "/" would reach other tenants' indices.
const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,99}$/;
// 100 characters leave room for the longest resource, tenant id and month within the 255 bytes of an index name.
const PREFIX = /^[a-z0-9][a-z0-9._-]{0,99}$/;
// Elasticsearch's built-in templates turn indices of these names into data streams, which take no document twice.
const BUILT_IN_PREFIX = /^(logs|metrics|synthetics|traces|profiling)([-.]|$)/;
const RESOURCE = /^[a-z][a-z-]{0,39}$/;
const MONTH = /^(?!0000)(\d{4})-(0[1-9]|1[0-2])$/;
// "~" is in no prefix, tenant or resource, and "/" in no name of an index: neither kind is ever taken for the other.
const SHARED = "~shared";
const SHARED_INDEX = /-~shared-\d{4}\.\d{2}$/;
const PART = /^([^/]+-~shared-\d{4}\.\d{2})\/([a-z0-9][a-z0-9_-]{0,99})$/;
const MONTH_IN_NAME = /^(.+)-(\d{4})\.(\d{2})$/;

/** Whether an index can be named after it. */
export function isTenantId(text: string): boolean {
  return TENANT_ID.test(text);
}

/** The tenant id itself, when it can be part of an index name; otherwise a UsageError. */
export function validateTenantId(text: string): string {
  if (TENANT_ID.test(text)) return text;
  throw new UsageError("invalid_tenant_id", `${quoted(text)} is not a tenant id.`, {
    hint: "Give a lower-case uuid, or 1 to 100 characters of a-z, 0-9, _ and - that begin with a letter or digit.",
  });
}

/** The index prefix itself, when Elasticsearch and its built-in templates allow it; otherwise a UsageError. */
export function validatePrefix(text: string): string {
  if (BUILT_IN_PREFIX.test(text)) {
    throw new UsageError("invalid_index_prefix", `Elasticsearch keeps index names like ${quoted(text)} for itself.`, {
      hint: "Choose a prefix that does not begin with logs, metrics, synthetics, traces or profiling.",
    });
  }
  if (PREFIX.test(text)) return text;
  throw new UsageError("invalid_index_prefix", `${quoted(text)} cannot begin an index name.`, {
    hint: "Give 1 to 100 characters of a-z, 0-9, ., _ and - that begin with a letter or digit.",
  });
}

/**
 * The name of a place: `<prefix>-<resource>-<tenant id>-YYYY.MM`, an index, or in the shared layout
 * `<prefix>-<resource>-~shared-YYYY.MM/<tenant id>`, a part of one (see place.ts). A UsageError when a part of it could
 * not be told from the others again.
 */
export function indexName({ prefix, layout, resource, tenantId, month }: IndexAddress & Naming): string {
  if (!MONTH.test(month)) {
    throw new UsageError("invalid_month", `${quoted(month)} is not a month.`, { hint: "Give it as YYYY-MM." });
  }
  const [start, tenant, end] = [base(prefix, resource), validateTenantId(tenantId), month.replace("-", ".")];
  return layout === "shared" ? partName(`${start}-${SHARED}-${end}`, tenant) : `${start}-${tenant}-${end}`;
}

/** The place of a tenant in a shared index. */
export function partName(index: string, tenantId: string): string {
  return `${index}/${tenantId}`;
}

/** The index and the tenant of a place that is a part of a shared index; undefined for every other name. */
export function splitPartName(name: string): { readonly index: string; readonly tenantId: string } | undefined {
  const [, index, tenantId] = PART.exec(name) ?? [];
  return index === undefined || tenantId === undefined ? undefined : { index, tenantId };
}

/** Whether it is an index of several tenants, which nobody may read or write but by a place in it. */
export function isSharedIndex(name: string): boolean {
  return SHARED_INDEX.test(name);
}

/** What the index of several tenants is for; undefined for every other name. */
export function parseSharedName(
  prefix: string,
  resources: readonly string[],
  name: string,
): Omit<IndexAddress, "tenantId"> | undefined {
  const resource = resources.find((candidate) => name.startsWith(`${base(prefix, candidate)}-${SHARED}-`));
  if (resource === undefined) return undefined;
  const month = name.slice(`${base(prefix, resource)}-${SHARED}-`.length).replace(".", "-");
  return MONTH.test(month) && isSharedIndex(name) ? { resource, month } : undefined;
}

/** The month that a place is of, as its name has it: "YYYY.MM". */
export function monthInName(name: string): string {
  return (splitPartName(name)?.index ?? name).slice(-"YYYY.MM".length);
}

/**
 * Exactly the address that indexName made the name from, undefined for every other name.
 * No resource may be the beginning of another up to a "-": then a name could have been made in two ways.
 */
export function parseIndexName(prefix: string, resources: readonly string[], name: string): IndexAddress | undefined {
  const part = splitPartName(name);
  if (part !== undefined) {
    const shared = parseSharedName(prefix, resources, part.index);
    return shared && { ...shared, tenantId: part.tenantId };
  }
  const longestFirst = resources.toSorted((a, b) => b.length - a.length);
  const resource = longestFirst.find((candidate) => name.startsWith(`${base(prefix, candidate)}-`));
  if (resource === undefined) return undefined;

  const [, tenantId, year, monthOfYear] = MONTH_IN_NAME.exec(name.slice(base(prefix, resource).length + 1)) ?? [];
  const month = `${year}-${monthOfYear}`;
  if (tenantId === undefined || !TENANT_ID.test(tenantId) || !MONTH.test(month)) return undefined;
  return { resource, tenantId, month };
}

/** Matches every index of a resource, and more: parse what it finds. */
export function resourcePattern(prefix: string, resource: string): string {
  return `${base(prefix, resource)}-*`;
}

/** Matches every shared index of a resource. */
export function sharedPattern(prefix: string, resource: string): string {
  return `${base(prefix, resource)}-${SHARED}-*`;
}

/** Match every index of a tenant, those of tenants whose id goes on with "-", and all shared ones: parse what is found. */
export function tenantPatterns(prefix: string, resource: string, tenantId: string): string[] {
  return [`${base(prefix, resource)}-${validateTenantId(tenantId)}-*`, sharedPattern(prefix, resource)];
}

function base(prefix: string, resource: string): string {
  if (!RESOURCE.test(resource)) throw new TypeError(`${quoted(resource)} is not a resource.`);
  return `${validatePrefix(prefix)}-${resource}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}

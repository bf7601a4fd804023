import type { IndexAddress } from "./index-names.ts";
import { isMark } from "./template-files.ts";

/** What decides whose an index is. */
export interface Ownership {
  /** Of the archive, as its indices' marks name it; undefined where it has none yet. */
  readonly archiveId: string | undefined;
  /**
   * Uuids, and addresses by `addressKey`, of indices that it made before marks named an archive and that were not
   * marked since.
   */
  readonly unmarked: ReadonlySet<string>;
  /** An index of any other tenant was named by someone else. */
  readonly tenantsAreUuids: boolean;
}

/** The archive on whose behalf indices are read, written and deleted. */
export interface IndexOwner {
  ownership(): Promise<Ownership>;
  /** Which of these uuids the archive has written into, whatever their marks say now. */
  knownUuids(uuids: readonly string[]): Promise<ReadonlySet<string>>;
  /** The tenants that have a month in these shared indices as the archive knows, or this one alone; some maybe twice. */
  knownParts(
    indices: readonly SharedMonth[],
    tenantId?: string,
  ): Promise<readonly { readonly uuid: string; readonly tenantId: string }[]>;
}

/** A shared index by what it is for. */
export interface SharedMonth {
  readonly uuid: string;
  readonly resource: string;
  readonly month: string;
}

/** `another`: of another archive, by its mark. `nobody`: not made by this program, or not known to have been. */
export type Owner = "this" | "another" | "nobody";

/** Without a tenant where tenants share it. */
export interface FoundIndex extends Omit<IndexAddress, "tenantId"> {
  readonly tenantId?: string;
  readonly uuid: string;
  readonly meta: unknown;
}

/** Whose the index is. Only one of `this` archive may be read as ours, written, or deleted. */
export function ownerOf(index: FoundIndex, { archiveId, unmarked, tenantsAreUuids }: Ownership): Owner {
  if (!isMark(index.meta) || (tenantsAreUuids && index.tenantId !== undefined && !uuid.test(index.tenantId)))
    return "nobody";
  if (index.meta.archive !== undefined) return index.meta.archive === archiveId ? "this" : "another";
  return unmarked.has(index.uuid) || unmarked.has(addressKey(index)) ? "this" : "nobody";
}

export function addressKey({ resource, tenantId, month }: Omit<FoundIndex, "uuid" | "meta">): string {
  return `${resource}/${tenantId}/${month}`;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

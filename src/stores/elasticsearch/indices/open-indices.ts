import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { described } from "../errors.ts";
import { type IndexAddress, parseIndexName, resourcePattern, tenantPattern } from "./index-names.ts";
import { isMark } from "./template-files.ts";

export interface OpenIndex extends IndexAddress {
  readonly name: string;
}

/**
 * The indices that hold documents of a resource now, of one tenant or of all, oldest month first; none is no error. Throws AppError when one of them
 * is closed: an answer without its documents would pass for a whole one.
 */
export async function openIndices(
  client: Client,
  prefix: string,
  resource: string,
  tenantId?: string,
): Promise<OpenIndex[]> {
  const found = await described(
    client.indices.get({
      index: tenantId === undefined ? resourcePattern(prefix, resource) : tenantPattern(prefix, resource, tenantId),
      expand_wildcards: ["open", "closed", "hidden"],
      features: ["mappings", "settings"],
      flat_settings: true,
      filter_path: ["*.mappings._meta", "*.settings"],
    }),
  );
  const indices: OpenIndex[] = [];
  for (const [name, { mappings, settings }] of Object.entries(found)) {
    const address = parseIndexName(prefix, [resource], name);
    if (address === undefined || !isMark(mappings?._meta)) continue;
    if (tenantId !== undefined && address.tenantId !== tenantId) continue; // the pattern of "acme" also finds "acme-eu"
    if (settings?.["index.verified_before_close"] === "true") {
      throw new AppError("index_closed", `The index ${name} is closed.`, {
        hint: "Open it, or delete it when its logs are past their retention.",
      });
    }
    indices.push({ ...address, name });
  }
  return indices.toSorted((a, b) => (a.month < b.month ? -1 : a.month > b.month ? 1 : a.name < b.name ? -1 : 1));
}

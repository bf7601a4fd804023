import type { Client } from "@elastic/elasticsearch";
import { described } from "../errors.ts";
import { wholeIndexUuid } from "./delete-index.ts";
import { parseIndexName, parseSharedName, resourcePattern } from "./index-names.ts";
import { isMark, type Mark } from "./template-files.ts";

/** An index, whole; without a tenant where tenants share it. */
export interface MarkedIndex {
  readonly name: string;
  readonly resource: string;
  readonly tenantId?: string;
  readonly month: string;
  readonly uuid: string;
  readonly mark: Mark;
}

/** Every index, open or closed, that has a name we make and a mark of this program, whichever archive it belongs to. */
export async function markedIndices(
  client: Client,
  prefix: string,
  resources: readonly string[],
): Promise<MarkedIndex[]> {
  const found = await described(
    client.indices.get({
      index: resources.map((resource) => resourcePattern(prefix, resource)),
      expand_wildcards: ["open", "closed", "hidden"],
      features: ["mappings", "settings"],
      filter_path: ["*.mappings._meta", "*.settings.index.uuid"],
    }),
  );
  return Object.entries(found).flatMap(([name, { mappings, settings }]) => {
    const address = parseIndexName(prefix, resources, name) ?? parseSharedName(prefix, resources, name);
    const meta: unknown = mappings?._meta;
    return address === undefined || !isMark(meta)
      ? []
      : [{ ...address, name, uuid: String(settings?.index?.uuid), mark: meta }];
  });
}

/** The index of this name and uuid belongs to the archive afterwards; false when it is another by now. */
export async function giveTo(client: Client, archiveId: string, { name, uuid, mark }: MarkedIndex): Promise<boolean> {
  if ((await wholeIndexUuid(client, name)) !== uuid) return false;
  const _meta = { ...mark, archive: archiveId };
  await described(client.indices.putMapping({ index: name, _meta, expand_wildcards: ["open", "closed", "hidden"] }));
  return true;
}

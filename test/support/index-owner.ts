import type { Client } from "@elastic/elasticsearch";
import { parseIndexName } from "../../src/stores/elasticsearch/indices/index-names.ts";
import { type EnsuredIndex, ensureIndex } from "../../src/stores/elasticsearch/indices/indices.ts";
import type { IndexOwner } from "../../src/stores/elasticsearch/indices/ownership.ts";
import {
  loadTemplates,
  mappingOf,
  type Mark,
  type TemplateMapping,
} from "../../src/stores/elasticsearch/indices/template-files.ts";
import { readArchive } from "../../src/workflow-logs/state/archive.ts";
import { upgradeState } from "../../src/workflow-logs/state/upgrade.ts";
import type { Stores } from "./compare-stores.ts";
import { withTestConnections } from "./test-connections.ts";

/**
 * What an index says that the archive of this database has made; its mapping, of the newest version, is left as it is.
 */
export function archiveMark(stores: Stores): Promise<Mark> {
  return withTestConnections(stores, {}, async ({ state }) => {
    await upgradeState(state);
    const { id } = (await readArchive(state))!;
    return { managed_by: "log-archive", template_version: 99, archive: id };
  });
}

export const someArchive = "00000000-0000-4000-8000-000000000001";

/** An archive that knows all of its indices by their marks. */
export function archiveOwner(archiveId = someArchive): IndexOwner {
  return {
    ownership: async () => ({ archiveId, unmarked: new Set(), tenantsAreUuids: false }),
    knownUuids: async () => new Set(),
    knownParts: async () => [],
  };
}

/** The index is there and some archive's, as any partition's is. */
export async function ensureNamed(
  client: Client,
  prefix: string,
  name: string,
  { owner = archiveOwner(), mapping }: { owner?: IndexOwner; mapping?: TemplateMapping } = {},
): Promise<EnsuredIndex> {
  const address = parseIndexName(
    prefix,
    loadTemplates().map(({ resource }) => resource),
    name,
  )!;
  return ensureIndex(client, owner, { ...address, name }, mapping ?? mappingOf(address.resource));
}

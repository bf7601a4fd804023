import { AppError } from "../../engine/errors.ts";
import { readClusterUuid } from "../../stores/elasticsearch/cluster.ts";
import type { Connections } from "../connections.ts";

/** What every process of a run has to be connected to, and what decides how a document looks. Nothing of it is secret. */
export interface Target {
  readonly archiveId: string;
  readonly clusterUuid: string;
  readonly prefix: string;
  readonly layout: string;
  readonly searchText: string;
  readonly sourceTimeZone: string;
}

export async function targetOf({ archive, elasticsearch, settings }: Connections): Promise<Target> {
  const { row } = await archive.check();
  return {
    archiveId: row!.id,
    clusterUuid: await readClusterUuid(elasticsearch),
    prefix: settings.template.prefix,
    layout: settings.template.layout ?? "dedicated",
    searchText: settings.searchText,
    sourceTimeZone: settings.sourceTimeZone,
  };
}

/** Why this process may do nothing of a run with that target; undefined when it may. Changes nothing. */
export async function refusalOf(connections: Connections, wanted: Target): Promise<string | undefined> {
  const { settings, elasticsearch, archive } = connections;
  const variables = [
    ["ELASTICSEARCH_INDEX_PREFIX", settings.template.prefix, wanted.prefix],
    ["ELASTICSEARCH_INDEX_LAYOUT", settings.template.layout ?? "dedicated", wanted.layout],
    ["ELASTICSEARCH_SEARCH_TEXT", settings.searchText, wanted.searchText],
    ["SOURCE_TIME_ZONE", settings.sourceTimeZone, wanted.sourceTimeZone],
  ] as const;
  for (const [name, here, there] of variables)
    if (here !== there) return `${name} of this worker is ${here}, that of the run ${there}.`;
  const cluster = await readClusterUuid(elasticsearch);
  if (cluster !== wanted.clusterUuid)
    return `ELASTICSEARCH_HOSTS of this worker lead to the cluster ${cluster}, those of the run to ${wanted.clusterUuid}.`;
  try {
    const { row } = await archive.check();
    if (row?.id !== wanted.archiveId) return "The archive changed hands since the run began.";
  } catch (error) {
    if (error instanceof AppError && isRefusal.test(error.code)) return error.message;
    throw error;
  }
  return undefined;
}

const isRefusal = /^archive_/;

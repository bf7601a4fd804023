import type { ArchiveMembers } from "../records/elasticsearch-records.ts";
import type { NodeExecution } from "./node-execution.ts";

/**
 * Who saves a node execution knows nothing of its offload rows: the document keeps those it has, with the contents
 * loaded from their files.
 */
export const keptOffloads: ArchiveMembers<NodeExecution> = (_, replaced) => {
  const archive = (replaced?.["archive"] ?? {}) as Readonly<Record<string, unknown>>;
  const kept = ["offloads", "offload_contents"].filter((name) => archive[name] !== undefined);
  return Promise.resolve(Object.fromEntries(kept.map((name) => [name, JSON.stringify(archive[name])])));
};
